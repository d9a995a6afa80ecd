# SPDX-License-Identifier: MIT
"""The structs, constants and callbacks of echotts.h, for ctypes.

tests/test_abi.py compares all of this with the header, by a C compiler.
"""

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_size_t,
    c_uint64,
    c_void_p,
)

SAMPLE_RATE = 44100
MAX_TEXT = 767
MAX_BLOCKS = 64
MAX_ROLES = 64
VOICE_NAME = 257

OK = 0
ERR_ARG = -1
ERR_MEMORY = -2
ERR_FILE = -3
ERR_DEVICE = -4
ERR_CANCELLED = -5
ERR_MODEL = -6
ERR_SPEECH = -7
ERR_NOTHING = -8

LOG_INFO = 0
LOG_WARNING = 1

STAGE_ENCODE = 0
STAGE_SAMPLE = 1
STAGE_DECODE = 2

PARAM_SEED = 0
PARAM_INT = 1
PARAM_FLOAT = 2
PARAM_BOOL = 3
PARAM_LIST = 4

# Sound is passed as an address: it is copied at once.
LOGGER = CFUNCTYPE(None, c_void_p, c_int, c_char_p)
PROGRESS = CFUNCTYPE(c_bool, c_void_p, c_int, c_int, c_int)
SHARE = CFUNCTYPE(c_bool, c_void_p, c_double)
AUDIO = CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t)
OVERALL = CFUNCTYPE(c_bool, c_void_p, c_double, c_double)


class Error(Structure):
    _fields_ = [("status", c_int), ("field", c_char * 32), ("text", c_char * 1024)]


class Lora(Structure):
    _fields_ = [("path", c_char_p), ("scale", c_float)]


class ModelOpts(Structure):
    _fields_ = [
        ("device", c_char_p),
        ("codec_device", c_char_p),
        ("isa", c_char_p),
        ("precision", c_char_p),
        ("codec_precision", c_char_p),
        ("loras", POINTER(Lora)),
        ("n_loras", c_int),
        ("threads", c_int),
        ("profile", c_bool),
        ("describe", c_bool),
        ("progress", SHARE),
        ("log", LOGGER),
        ("user", c_void_p),
    ]


class ModelInfo(Structure):
    _fields_ = [
        *((name, c_char_p) for name in (
            "path", "echo_file", "dac_file", "pca_file", "echo_dtype", "dac_dtype", "device",
            "codec_device", "device_reason", "precision", "codec_precision", "precision_reason",
            "license", "absent", "stripped")),
        *((name, c_uint64) for name in ("echo_parameters", "dac_parameters", "file_bytes")),
        *((name, c_int) for name in (
            "latent_size", "patch_size", "codec_dim", "frame_samples", "layers", "model_size",
            "heads", "text_layers", "text_size", "speaker_layers", "speaker_size", "words",
            "loras")),
        ("packed", c_bool),
        ("blockwise", c_bool),
        ("load_s", c_double),
    ]


class EncodeOpts(Structure):
    _fields_ = [
        ("all_frames", c_bool),
        ("codes", c_bool),
        ("lift", c_bool),
        ("examined", c_bool),
        ("max_frames", c_int),
        ("progress", PROGRESS),
        ("log", LOGGER),
        ("user", c_void_p),
    ]


class VoiceInfo(Structure):
    _fields_ = [
        ("name", c_char * VOICE_NAME),
        ("consent", c_char * 1024),
        ("license", c_char * 256),
        ("source", c_char * 512),
        ("added", c_char * 32),
        ("checksum", c_char * 33),
        ("codec", c_char * 17),
        ("trouble", c_char * 512),
        ("seconds", c_double),
        ("bytes", c_uint64),
        ("latents", c_bool),
    ]


class LibraryOpts(Structure):
    _fields_ = [
        ("consent", c_char_p),
        ("license", c_char_p),
        ("source", c_char_p),
        ("replace", c_bool),
        ("trim", c_bool),
        ("lift", c_bool),
        ("log", LOGGER),
        ("user", c_void_p),
    ]


class List(Structure):
    _fields_ = [("n", c_int), ("items", c_int * MAX_BLOCKS)]


class Params(Structure):
    _fields_ = [
        ("rng_seed", c_uint64),
        ("num_steps", c_int),
        ("cfg_scale_text", c_float),
        ("cfg_scale_speaker", c_float),
        ("cfg_min_t", c_float),
        ("cfg_max_t", c_float),
        ("truncation_factor", c_float),
        ("rescale_k", c_float),
        ("rescale_sigma", c_float),
        ("speaker_kv_scale", c_float),
        ("speaker_kv_max_layers", c_int),
        ("speaker_kv_min_t", c_float),
        ("sequence_length", c_int),
        ("block_sizes", List),
        ("normalize", c_bool),
        ("trim", c_bool),
        ("strict", c_bool),
        ("round_timesteps", c_bool),
    ]


class ParamWord(Structure):
    _fields_ = [("word", c_char_p), ("number", c_double)]


class Param(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("alias", c_char_p),
        ("help", c_char_p),
        ("kind", c_int),
        ("offset", c_size_t),
        ("min", c_double),
        ("max", c_double),
        ("words", POINTER(ParamWord)),
    ]


class PresetValue(Structure):
    _fields_ = [("name", c_char_p), ("value", c_double)]


class Preset(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("title", c_char_p),
        ("help", c_char_p),
        ("evaluations", c_int),
        ("values", POINTER(PresetValue)),
    ]


class Stats(Structure):
    _fields_ = [
        *((name, c_int) for name in ("frames", "kept", "window", "retries", "blocks")),
        ("ended", c_bool),
        ("samples", c_size_t),
        ("first_audio_s", c_double),
        *((name, c_int) for name in (
            "steps", "evaluations", "text_tokens", "pieces", "retakes")),
        *((name, c_double) for name in (
            "text_s", "sample_s", "decode_s", "overlap_s", "total_s")),
    ]


class Role(Structure):
    _fields_ = [("name", c_char_p), ("voice", c_void_p)]


class Pace(Structure):
    """The struct without a name in echo_checkpoint."""

    _fields_ = [("pace", c_double), ("heard", c_int)]


class Checkpoint(Structure):
    _fields_ = [
        ("job", c_uint64),
        ("byte", c_uint64),
        ("samples", c_uint64),
        *((name, c_int) for name in ("part", "speaker", "pieces", "heard")),
        *((name, c_double) for name in ("pace", "level", "level_samples")),
        ("cast", Pace * MAX_ROLES),
    ]


class SpeakOpts(Structure):
    _fields_ = [
        ("clean", c_bool),
        ("markup", c_char_p),
        ("language", c_char_p),
        ("pause_sentence", c_float),
        ("pause_paragraph", c_float),
        ("crossfade", c_float),
        ("match_levels", c_bool),
        ("retakes", c_int),
        ("stream", c_bool),
        ("first_block", c_int),
        ("cast", POINTER(Role)),
        ("roles", c_int),
        ("pause_turn", c_float),
        ("from", c_void_p),
        ("own_voice", c_void_p),
    ]


class Piece(Structure):
    _fields_ = [
        ("text", c_char_p),
        ("index", c_int),
        ("level", c_int),
        ("role", c_char_p),
        ("turn", c_int),
        *((name, c_double) for name in ("pause_s", "expected_s", "done", "begin_s", "end_s")),
        ("seed", c_uint64),
        ("takes", c_int),
        ("trouble", c_char_p),
        ("stats", Stats),
        ("resumable", c_bool),
        ("next", Checkpoint),
        ("voice", c_void_p),
    ]


PIECE = CFUNCTYPE(c_bool, c_void_p, POINTER(Piece))


class SpeakSink(Structure):
    _fields_ = [
        ("user", c_void_p),
        ("audio", AUDIO),
        ("progress", PROGRESS),
        ("overall", OVERALL),
        ("piece", PIECE),
        ("log", LOGGER),
    ]


class Format(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("ending", c_char_p),
        ("mime", c_char_p),
        ("title", c_char_p),
        ("lossy", c_bool),
        ("available", c_bool),
    ]


class Tag(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class WriterOpts(Structure):
    _fields_ = [
        ("format", c_char_p),
        ("rate", c_int),
        ("as_float", c_bool),
        ("bitrate", c_int),
        ("quality", c_float),
        ("loudness", c_float),
        ("true_peak", c_float),
        ("speed", c_float),
        ("stream", c_bool),
        ("tags", POINTER(Tag)),
        ("n_tags", c_int),
    ]


# The names of these structs in the header.
STRUCTS: dict[str, type[ctypes.Structure]] = {
    "echo_error": Error,
    "echo_lora": Lora,
    "echo_model_opts": ModelOpts,
    "echo_model_info": ModelInfo,
    "echo_encode_opts": EncodeOpts,
    "echo_voice_info": VoiceInfo,
    "echo_library_opts": LibraryOpts,
    "echo_list": List,
    "echo_params": Params,
    "echo_param_word": ParamWord,
    "echo_param": Param,
    "echo_preset_value": PresetValue,
    "echo_preset": Preset,
    "echo_stats": Stats,
    "echo_role": Role,
    "echo_checkpoint": Checkpoint,
    "echo_speak_opts": SpeakOpts,
    "echo_piece": Piece,
    "echo_speak_sink": SpeakSink,
    "echo_format": Format,
    "echo_tag": Tag,
    "echo_writer_opts": WriterOpts,
}
