/* SPDX-License-Identifier: MIT */
/*
 * echotts.h - text to speech with Echo-TTS.
 *
 *     echo_model *m = NULL;
 *     echo_session *s = NULL;
 *     echo_error e;
 *     echo_params p;
 *     if (echo_model_open(&m, "models/small", NULL, &e) ||
 *         echo_session_open(&s, m, &e))
 *         goto failed;
 *     p = echo_params_default(m);
 *     if (echo_generate(s, "[S1] Hello.", NULL, &p, &sink, &e))
 *         goto failed;                    // e.text says why, in one line
 *     echo_session_close(&s);
 *     echo_model_close(&m);
 *
 * Ownership.  Whoever opens a handle closes it; *_close(&h) accepts a NULL
 * handle and sets h to NULL.  The library copies what it keeps, so strings and
 * structs passed in need only live until the call returns.  Close sessions
 * before their model.
 *
 * Threads.  echo_model and echo_voice are immutable once open: any number of
 * sessions on any threads may share them.  An echo_session does one thing at
 * a time and belongs to one thread at a time; only echo_cancel() may be
 * called on it from elsewhere.  There is no global state.
 *
 * Errors.  Calls that can fail return echo_status, 0 on success.  A call that fails fills err,
 * unless it is NULL: the status, the parameter at fault and one readable line.  The out handle
 * is NULL then, and nothing is left to free.
 *
 * Audio is mono float at 44,100 Hz, nominally -1 to 1.  A latent frame is
 * 2,048 samples (46.4 ms).  In the published model it is a vector of 80 values.
 */
#ifndef ECHOTTS_H
#define ECHOTTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef ECHO_API
#if defined(_WIN32) && defined(ECHO_SHARED)
#ifdef ECHO_BUILDING
#define ECHO_API __declspec(dllexport)
#else
#define ECHO_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define ECHO_API __attribute__((visibility("default")))
#else
#define ECHO_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_SAMPLE_RATE   44100
#define ECHO_MAX_FRAMES    640  /* of one pass, the prefix included */
#define ECHO_MAX_TEXT      767  /* bytes after normalisation */
#define ECHO_VOICE_SECONDS 300  /* read of a clip; its first 6,400 frames (297 s) are encoded */

typedef struct echo_model echo_model;     /* weights on their devices; shared */
typedef struct echo_voice echo_voice;     /* encoded audio; shared */
typedef struct echo_session echo_session; /* working memory for one job */

typedef enum {
    ECHO_OK = 0,
    ECHO_ERR_ARG = -1, /* the caller passed something impossible */
    ECHO_ERR_MEMORY = -2,
    ECHO_ERR_FILE = -3,      /* the caller's file is missing, unreadable or of the wrong kind */
    ECHO_ERR_DEVICE = -4,    /* no such device, or it failed while working */
    ECHO_ERR_CANCELLED = -5, /* a callback or echo_cancel() asked to stop */
    ECHO_ERR_MODEL = -6,     /* a file of the model is missing, unreadable or damaged */
    ECHO_ERR_SPEECH = -7,    /* strict: what was said may not be all of the text */
    ECHO_ERR_NOTHING = -8,   /* the text has no letter or digit that would be spoken */
} echo_status;

typedef struct {
    echo_status status;
    char field[32]; /* the argument at fault: "text", "voice", "num_steps"; "" if none */
    char text[1024];
} echo_error;

ECHO_API const char *echo_version(void);

/* One thing that can compute. */
typedef struct {
    const char *name;           /* "cpu", "vulkan:0": as echo_model_opts takes it */
    const char *title, *driver; /* "AMD Radeon 8060S", "radv Mesa 25.3.0" */
    const char *state;          /* why it cannot be used: "" if it can */
    uint64_t memory, available; /* bytes; 0: those of the system */
    double rate;                /* operations a second in matmuls, measured; 0: not yet */
    int subgroup;               /* threads that go in step */
    int coop_m, coop_n, coop_k; /* a cooperative matrix of halves; 0: there is none */
    bool half;                  /* multiplies halves (float16) */
    bool unified;               /* its memory is the system's */
    bool software;              /* its driver computes on the CPU: "auto" never takes it */
    bool usable;                /* and it has passed its self-test */
} echo_device_info;

/*
 * Describe device i; false past the last.  The strings stay.  The first call loads the drivers
 * of all GPUs, which takes up to a fifth of a second.  It tests each GPU that no earlier run
 * has tested.
 */
ECHO_API bool echo_device_at(int i, echo_device_info *out);

/* Name instruction set level i that this CPU has ("c", "avx2", ...), slowest
 * first, NULL past the last. */
ECHO_API const char *echo_isa(int i);

/* ---- model ---- */

typedef enum { ECHO_LOG_INFO,
               ECHO_LOG_WARNING } echo_log_level;

typedef void echo_logger(void *user, echo_log_level level, const char *line);

/*
 * A low-rank adapter (LoRA) of the speech model: a safetensors file, one by torch.save(), or a
 * folder that PEFT wrote.  See docs/LORA.md.
 */
typedef struct {
    const char *path;
    float scale; /* of what it adds, beside its own; -8 to 8; 0: checked, but not added */
} echo_lora;

/*
 * All zero means: best device, every core, precision "auto", no adapters, no log.
 *
 * precision is that of the matmuls of the transformer and the encoders:
 *     "f32"   on weights as stored: exact
 *     "bf16"  both inputs rounded to bfloat16, sums in float32
 *     "int8"  weights quantised by output, activations by row; fast with vnni, dot or amx.
 *             Encoders and attention compute as by "auto".
 *     "auto"  or NULL: bf16 if it multiplies clearly faster than float32, measured in 25 ms;
 *             else f32.  A file that was packed in int8 stays int8.
 * codec_precision is that of the codec's convolutions: "f32" or "bf16"; "auto" is f32 for
 * original files.  Norms, softmax, residuals, codebooks and times are always float32.
 */
typedef struct {
    /* "cpu", "vulkan", "vulkan:1"; NULL or "auto": $ECHOTTS_DEVICE, else the fastest */
    const char *device;
    const char *codec_device; /* the same for the codec; NULL or "auto": the same device */
    const char *isa;          /* cap the CPU kernels: "c", "avx2", ... */
    const char *precision, *codec_precision;
    const echo_lora *loras; /* added to the weights in this order; up to 16 */
    int n_loras;
    int threads;        /* 0 = one per core; up to 256 */
    bool profile;       /* time each kind of op; the log gets the sums when the model closes */
    bool describe;      /* read headers only, at once; no session can be opened then */
    /* part of the weights read and packed, 0 to 1; in the opening thread; false: stop */
    bool (*progress)(void *user, double done);
    /* Gets the lines that belong to no call with a log of its own; from any thread. */
    echo_logger *log;
    void *user;
} echo_model_opts;

/*
 * Open the model at path, which is one of:
 *   - a packed file, by echo_model_pack();
 *   - a directory with echo.safetensors, dac.safetensors and pca.safetensors;
 *   - a directory with echo-tts-base/ and fish-s1-dac-min/, or one of them beside the other;
 *   - a Hugging Face cache, or a file of the model;
 *   - a transformer alone, as fine-tuning saves it: PyTorch's *.pt, or safetensors.  The codec
 *     comes from beside it, else from $ECHOTTS_MODEL or an installed base model: a warning
 *     says so;
 *   - where none of these is there, a name: "base", "small", "owner/tuned" of the cache, or
 *     "NAME" for NAME.echo in $XDG_DATA_HOME/echotts/models.
 * Files may be in shards, or by torch.save(): of these only tensors are read, and nothing in
 * them is executed.  A prefix that a trainer put before all tensor names is removed.
 * path NULL searches in this order: $ECHOTTS_MODEL, the Hugging Face cache, an installed base
 * model, the small model that ships.  The search ends with ECHO_ERR_MODEL where only a part of
 * a model is found.
 *
 * Packed weights, and weights for float32, are mapped and used in place.  That takes 0.1 to
 * 1 s.  A weight that a LoRA changes is made while opening instead.  Packed weights stay,
 * and what is added to them is computed beside them.
 *
 * For original files the codec needs memory too (base model: 1.5 GB, 0.8 in bf16).  For
 * other precisions the original weights are packed while opening, on all threads: 3 to 6 s
 * and 3 to 6 GB.  ECHO_ERR_MODEL names the file and tensor at fault.
 */
ECHO_API echo_status echo_model_open(echo_model **out, const char *path,
                                     const echo_model_opts *opts, echo_error *err);
ECHO_API void echo_model_close(echo_model **m);

/*
 * Read all weights, which opening does not do.  This checks that they are finite, and the
 * checksums of a packed file.  ECHO_ERR_MODEL names the damaged tensor.  It takes seconds for
 * the base model.
 */
ECHO_API echo_status echo_model_verify(const echo_model *m, echo_error *err);

/*
 * Write the model in directory path (as for echo_model_open()) into one file out (*.echo),
 * packed for opts->precision ("bf16", which "auto" is, or "int8") and opts->codec_precision.
 * Encoders are packed in bf16, which keeps the published weights exactly.  The clips of the
 * model's voices are included.  The file is opened like a directory, but at once, and
 * processes share its pages.  opts->progress counts loading, then writing.  Packing needs 6 GB
 * of memory for the base model in bf16, 4 in int8.  The file appears whole or not at all.
 */
ECHO_API echo_status echo_model_pack(const char *path, const char *out,
                                     const echo_model_opts *opts, echo_error *err);

typedef struct {
    const char *dtype; /* "f32", "bf16" or "f16": of all floats; NULL or "keep": as they are */
    bool (*progress)(void *user, double done); /* 0 to 1; false: stop */
    echo_logger *log;                          /* what was taken, and what was left out */
    void *user;
} echo_convert_opts;

/*
 * Write the tensors of a checkpoint as one plain safetensors file, with the model's own names.
 * path is a PyTorch file, a safetensors file or a shard; it must hold the whole transformer or
 * the whole codec, under whatever prefix.  Whatever else is in it (an optimizer) is left out.
 * Floats are rounded to the nearest, even if two are as near.  ECHO_ERR_MODEL names a tensor
 * that is missing, not finite, or too large for the type.  opts may be NULL.  The file appears
 * whole or not at all.
 */
ECHO_API echo_status echo_model_convert(const char *path, const char *out,
                                        const echo_convert_opts *opts, echo_error *err);

/*
 * Write the speech model (transformer and encoders) of directory path with opts->loras merged
 * into it, as the safetensors file out.  dtype is "f32", "bf16", or "keep" for the type of each
 * tensor; NULL: "keep".  Numbers are rounded to nearest even.  Names have no prefix.  Tensors
 * are written one by one; the file appears whole or not at all.  ECHO_ERR_ARG: no LoRA is
 * named, or the model is packed.
 */
ECHO_API echo_status echo_model_merge(const char *path, const char *out, const char *dtype,
                                      const echo_model_opts *opts, echo_error *err);

/* Facts about an open model.  Strings belong to the model. */
typedef struct {
    const char *path;                            /* the directory or packed file */
    const char *echo_file, *dac_file, *pca_file; /* the three files in it */
    const char *echo_dtype, *dac_dtype;          /* as stored: "BF16" */
    const char *device, *codec_device;           /* "cpu: avx512, 2 threads" */
    const char *device_reason; /* why "auto" took it: "" if there was nothing else */
    const char *precision, *codec_precision;     /* of the matmuls: "f32" */
    const char *precision_reason; /* "chosen by speed: bf16 multiplies 1.97 times as fast..." */
    const char *license;      /* of the weights, as its echotts.json says; "" if it does not */
    const char *absent;       /* optional parts that the files lack, "" if complete */
    const char *stripped;     /* prefixes removed from tensor names, "speech: module."; or "" */
    uint64_t echo_parameters; /* transformer and encoders */
    uint64_t dac_parameters;
    uint64_t file_bytes;
    int latent_size, patch_size, codec_dim, frame_samples;
    int layers, model_size, heads;
    int text_layers, text_size, speaker_layers, speaker_size;
    int words;      /* in its vocabulary; 0: it has none, any word may be tried */
    int loras;      /* how many are added: echo_model_lora() */
    bool packed;    /* all three are one packed file */
    bool blockwise; /* blocks and continuation are available */
    double load_s;
} echo_model_info;

ECHO_API echo_model_info echo_model_describe(const echo_model *m);

typedef struct {
    const char *path;   /* of its file */
    const char *layout; /* whose names its tensors have: "PEFT", "kohya" */
    float scale;
    int weights;        /* that it changes */
    int rank_least, rank_most;
} echo_lora_info;

/* Describe the LoRA i of a model; false past the last.  The strings belong to the model. */
ECHO_API bool echo_model_lora(const echo_model *m, int i, echo_lora_info *out);

/* Word i of the model's vocabulary, in lower case and in order, NULL past the last; belongs to
 * the model.  The vocabulary is what "vocabulary" in its echotts.json lists. */
ECHO_API const char *echo_model_word(const echo_model *m, int i);

/*
 * Find the first word of text that is not in the model's vocabulary; it may be said wrong.
 * Returns where it is in text, and its bytes in *length.  NULL: all words are known, or the
 * model has no vocabulary.
 *
 *     for (const char *w = text; (w = echo_model_unknown(m, w, &n)); w += n)
 *         printf("%.*s\n", (int)n, w);
 *
 * A word is letters (ASCII or other), digits, and apostrophes between them: "twenty-five" is
 * two, "7" is one, punctuation and speaker tags ("[S1]") are none.  The case of ASCII letters
 * does not matter.  text may have any length and need not be normalised.
 */
ECHO_API const char *echo_model_unknown(const echo_model *m, const char *text, size_t *length);

/*
 * Name of the model's voice i, sorted, NULL past the last.  It belongs to the model.
 * Voices are the clips beside the transformer's file: WAV, FLAC, Ogg, Opus or MP3, with a name
 * in printable UTF-8.  A packed model has those that were packed with it.
 */
ECHO_API const char *echo_model_voice(const echo_model *m, int i);

/*
 * Index of the voice with this name, -1 if there is none.  An exact match wins; otherwise case,
 * Unicode form and an ending like ".wav" are ignored.
 */
ECHO_API int echo_model_find_voice(const echo_model *m, const char *name);

/* ---- session ---- */

/*
 * Memory is allocated at the first use and grows to the largest job seen.  The model keeps a
 * voice's keys and values, in the base model 2 MB for each second of it.  All sessions that
 * speak in the voice share them, and later calls use them again.  Those of the latest 32 voices
 * stay, as long as they take at most 1 GiB; those of the last one always stay.  ECHO_ERR_ARG
 * for a model that was opened with `describe`.
 */
ECHO_API echo_status echo_session_open(echo_session **out, const echo_model *m,
                                       echo_error *err);
ECHO_API void echo_session_close(echo_session **s);

/* May be called from any thread at any time.  The running call returns ECHO_ERR_CANCELLED
 * within one layer of one step.  A cancel holds until a call has reported it: if none is
 * running, or it has just finished, the next call returns at once. */
ECHO_API void echo_cancel(echo_session *s);

/* Called during the work, never by two threads at once.  done and total are in the stage's
 * unit.  Return false to stop. */
typedef enum {
    ECHO_STAGE_ENCODE, /* audio to latents: frames */
    ECHO_STAGE_SAMPLE, /* diffusion: steps, over all blocks; total may grow with them */
    ECHO_STAGE_DECODE, /* latents to audio: frames */
} echo_stage;

typedef bool echo_progress(void *user, echo_stage stage, int done, int total);

/* ---- voices: audio as the model sees it ---- */

typedef struct {
    bool all_frames; /* keep the last partial frame and partial patch */
    bool codes;      /* remember the codebook entries too */
    bool lift;       /* raise a quiet clip (below -33 LUFS) to -23 LUFS, its peak below 1 */
    bool examined;   /* what is found in it was told: echo_clips_read() made it */
    int max_frames;  /* longer clips are refused; 0: cut to 6,400, with a warning */
    echo_progress *progress;
    echo_logger *log; /* instead of the model's */
    void *user;
} echo_encode_opts;

/*
 * Encode mono pcm, n samples at rate Hz.  It is resampled to 44.1 kHz, cut at
 * ECHO_VOICE_SECONDS, and scaled down if its peak is above 1.  Memory does not grow with
 * length.  ECHO_ERR_ARG: it is shorter than one patch of frames (8,192 samples at 44.1 kHz),
 * not finite, or silent.  Silent means: nothing above -80 dB of full scale besides a constant.
 * The log gets a warning if the clip is cut, or below -33 LUFS: its voice may be lost, see
 * `lift`.  So it does if the clip is noisy, clipped, short, has silence at its ends, mostly
 * silence, or two levels.  opts may be NULL.
 */
ECHO_API echo_status echo_voice_encode(echo_voice **out, echo_session *s,
                                       const float *pcm, size_t n, int rate,
                                       const echo_encode_opts *opts, echo_error *err);

/*
 * The same from a file, a pipe (copied to $TMPDIR, up to 1 GiB) or, for "-", standard input.
 * Audio is encoded; saved latents, recognised by content, are loaded without codes.  So is a
 * voice file of a library, whose clip is encoded once (echo_library_voice()).  Channels
 * are mixed as by echo_audio_read(), with a warning if only one is used.  ECHO_ERR_FILE says
 * what the file is instead, if that is known.
 */
ECHO_API echo_status echo_voice_open(echo_voice **out, echo_session *s, const char *path,
                                     const echo_encode_opts *opts, echo_error *err);

/* Load latents saved by echo_voice_save().  Audio is ECHO_ERR_FILE. */
ECHO_API echo_status echo_voice_load(echo_voice **out, echo_session *s, const char *path,
                                     echo_error *err);

/* Encode a voice of the model, by its name as in echo_model_find_voice().  ECHO_ERR_ARG if it
 * has none of this name. */
ECHO_API echo_status echo_voice_named(echo_voice **out, echo_session *s, const char *name,
                                      const echo_encode_opts *opts, echo_error *err);

/* Make a voice of your own latents, [frames][size].  They are copied. */
ECHO_API echo_status echo_voice_from_latent(echo_voice **out, const float *latent,
                                            int frames, int size, echo_error *err);

/* Write a safetensors file: `latent` F32 1 x frames x size and, if remembered,
 * `codes` I32 books x frames.  A note names the codec, if known: where it is another, loading
 * fails.  The file appears whole or not at all. */
ECHO_API echo_status echo_voice_save(const echo_voice *v, const char *path, echo_error *err);

/* Borrowed, [frames][size]; frames and size may be NULL. */
ECHO_API const float *echo_voice_latent(const echo_voice *v, int *frames, int *size);

/* Borrowed, [books][frames], or NULL if not remembered. */
ECHO_API const int32_t *echo_voice_codes(const echo_voice *v, int *books);
ECHO_API void echo_voice_close(echo_voice **v);

/* ---- a library: voices by name ---- */

/*
 * A folder of voice files, NAME.voice, each a clip (or latents) with notes on whose it is; see
 * docs/VOICES.md.  Threads may share a handle, and processes the folder.  The others see a
 * change at their next call.  If two write at once, neither loses anything.
 *
 *     echo_library_opts o = { .consent = "Anna, by mail, for audio books" };
 *     const char *const files[] = { "anna-1.wav", "anna-2.wav" };
 *     if (echo_library_open(&lib, NULL, &e) ||
 *         echo_library_add(lib, "anna", files, 2, &o, NULL, &e) ||
 *         echo_library_voice(&voice, lib, s, "anna", NULL, &e))
 *         goto failed;
 *
 * Names are printable UTF-8 of 1 to 64 letters, without slashes, and begin with no dot.  Case
 * and Unicode form do not matter: "Zoe" and "zoe" are one voice.
 */
typedef struct echo_library echo_library;

#define ECHO_VOICE_NAME 257 /* bytes of a name, with the final 0 */

/* A voice of a library: a plain value.  Strings are UTF-8, one line, and may be empty. */
typedef struct {
    char name[ECHO_VOICE_NAME];
    char consent[1024]; /* who agreed to what */
    char license[256];
    char source[512];   /* names of the files that it was made of */
    char added[32];     /* when, "2026-11-27T01:41:46Z" */
    char checksum[33];  /* of everything in its file */
    char codec[17];     /* of latents: the codec that they are for; "": not known */
    char trouble[512];  /* why its file cannot be used; "": it can */
    double seconds;
    uint64_t bytes;     /* of the file */
    bool latents;       /* has no clip: fits the models of one codec only */
} echo_voice_info;

/* All zero means: no notes, clips as they are, no log. */
typedef struct {
    const char *consent, *license;
    const char *source; /* NULL: the names of the files */
    bool replace;       /* a voice of this name; else that is ECHO_ERR_ARG */
    bool trim, lift;    /* each clip, as in echo_clips_opts */
    echo_logger *log;   /* gets what is found in the clips */
    void *user;
} echo_library_opts;

/* folder NULL: $ECHOTTS_VOICES, else $XDG_DATA_HOME/echotts/voices, else
 * ~/.local/share/echotts/voices.  It need not be there: the first voice makes it. */
ECHO_API echo_status echo_library_open(echo_library **out, const char *folder, echo_error *err);
ECHO_API void echo_library_close(echo_library **lib);

/* "" if there is none, since there is no home. */
ECHO_API const char *echo_library_folder(const echo_library *lib);

/* The voices as they are now, *n of them, in order of their names.  Files that cannot be used
 * are among them, with `trouble`.  Free *list by echo_library_list_free().  Only files that
 * have changed are read, and of them the notes. */
ECHO_API echo_status echo_library_list(echo_library *lib, echo_voice_info **list, int *n,
                                       echo_error *err);
ECHO_API void echo_library_list_free(echo_voice_info **list);

/* The voice of this name.  ECHO_ERR_ARG with field "voice": there is none.  out may be NULL. */
ECHO_API echo_status echo_library_find(echo_library *lib, const char *name,
                                       echo_voice_info *out, echo_error *err);

/*
 * Add a voice, made of clips as by echo_clips_read(), or of one file of latents.  No model is
 * needed.  ECHO_ERR_ARG: the name cannot be one (field "name"), or is taken (field "replace");
 * a note is too long.  added, which may be NULL, gets what there is now.
 */
ECHO_API echo_status echo_library_add(echo_library *lib, const char *name,
                                      const char *const *paths, int n_paths,
                                      const echo_library_opts *opts, echo_voice_info *added,
                                      echo_error *err);
/* The same of mono pcm at 44.1 kHz, as it is; what is beyond ECHO_VOICE_SECONDS is left out. */
ECHO_API echo_status echo_library_add_pcm(echo_library *lib, const char *name, const float *pcm,
                                          size_t n, const echo_library_opts *opts,
                                          echo_voice_info *added, echo_error *err);

ECHO_API echo_status echo_library_rename(echo_library *lib, const char *from, const char *to,
                                         echo_error *err);
/* Its encodings in the cache go, too. */
ECHO_API echo_status echo_library_remove(echo_library *lib, const char *name, echo_error *err);

/* A verified copy in a file of its own ("-": standard output), with all notes. */
ECHO_API echo_status echo_library_export(echo_library *lib, const char *name, const char *path,
                                         echo_error *err);
/* Such a file becomes a voice; name NULL: its own.  It is verified, and its clip is read.  Of
 * opts only replace, log and user are used: the notes stay. */
ECHO_API echo_status echo_library_import(echo_library *lib, const char *path, const char *name,
                                         const echo_library_opts *opts, echo_voice_info *added,
                                         echo_error *err);

/* The clip as sound, for echo_audio_free().  ECHO_ERR_ARG with field "latents": it has none. */
ECHO_API echo_status echo_library_clip(float **pcm, size_t *n, echo_library *lib,
                                       const char *name, echo_error *err);

/*
 * The voice as the model of s hears it.  A clip is encoded once: its latents stay in
 * $XDG_CACHE_HOME/echotts/voices.  They are used for the same clip, codec, precision and
 * kernels alone.  Latents of another codec are ECHO_ERR_FILE.
 */
ECHO_API echo_status echo_library_voice(echo_voice **out, echo_library *lib, echo_session *s,
                                        const char *name, const echo_encode_opts *opts,
                                        echo_error *err);

/* ---- speech ---- */

#define ECHO_LENGTH_AUTO 0    /* of echo_params.sequence_length: as many as the text takes */
#define ECHO_LENGTH_FULL (-1) /* as many as the model knows */

#define ECHO_MAX_BLOCKS 64 /* in echo_params.block_sizes; echo_sink.next_block has no limit */

typedef struct {
    int n, items[ECHO_MAX_BLOCKS];
} echo_list;

/*
 * How to speak.  A plain value: copy it, keep it.  Get one from echo_params_default() and
 * change what you need.  Names are the reference's; echo_param_at() has the ranges, and
 * ECHO_ERR_ARG names the field that is out of its range.
 */
typedef struct {
    uint64_t rng_seed;              /* as in torch.manual_seed(), CPU; its low 32 bits count */
    int num_steps;                  /* Euler steps */
    float cfg_scale_text;           /* guidance towards the text */
    float cfg_scale_speaker;        /* guidance towards the voice */
    float cfg_min_t;                /* guidance only where t >= this; above 1: never */
    float cfg_max_t;                /* and t <= this */
    float truncation_factor;        /* scale of the initial noise; 1 = none */
    float rescale_k, rescale_sigma; /* temporal score rescaling: set both; 0 = off */
    float speaker_kv_scale;         /* scale of the speaker's keys and values; 0 = off */
    int speaker_kv_max_layers;      /* scale them in the first N layers only; -1 = all */
    float speaker_kv_min_t;         /* and until t falls below this; 0 = to the end */
    int sequence_length;            /* latent frames to make, or ECHO_LENGTH_... */
    echo_list block_sizes;          /* or: frames of each block, in order; n = 0: one pass */
    bool normalize;                 /* text: quotes, dashes, "[S1] " in front */
    bool trim;                      /* cut at the end of speech */
    bool strict;                    /* fail where speech may be missing; else a warning */
    bool round_timesteps;           /* round t to bfloat16, as published runs do */
} echo_params;

/* The reference's defaults, or the model's own where it brings any.  NULL: the reference's. */
ECHO_API echo_params echo_params_default(const echo_model *m);

/*
 * The check that every call with params makes: are all fields in their range?  ECHO_ERR_ARG
 * names the field.  Only the call knows more: a model without blocks refuses block_sizes, and a
 * prefix leaves less room.
 */
ECHO_API echo_status echo_params_check(const echo_params *p, echo_error *err);

/* The fields of echo_params as a table: for command lines, JSON, forms and other languages. */
typedef enum {
    ECHO_PARAM_SEED,  /* uint64_t */
    ECHO_PARAM_INT,   /* int */
    ECHO_PARAM_FLOAT, /* float */
    ECHO_PARAM_BOOL,  /* bool */
    ECHO_PARAM_LIST,  /* echo_list */
} echo_param_kind;

/* Text accepted instead of a number. */
typedef struct {
    const char *word; /* "auto"; NULL behind the last one of a list */
    double number;    /* that it means */
} echo_param_word;

typedef struct {
    const char *name;  /* "num_steps" */
    const char *alias; /* another name it is known by, "steps"; NULL: none */
    const char *help;  /* half a line */
    echo_param_kind kind;
    size_t offset;     /* in echo_params, or what else the table is of */
    double min, max;   /* of the number, or of each number in a list */
    const echo_param_word *words; /* NULL: none */
} echo_param;

/* Parameter i; NULL past the last. */
ECHO_API const echo_param *echo_param_at(int i);
/* By name or alias; NULL if there is none of this name. */
ECHO_API const echo_param *echo_param_find(const char *name);
/* The word of p for text, and the other way round; NULL if there is none. */
ECHO_API const echo_param_word *echo_param_word_named(const echo_param *p, const char *text);
ECHO_API const echo_param_word *echo_param_word_of(const echo_param *p, double number);

/*
 * Settings that go together, under one name.  A preset sets only what `values` lists; the rest
 * of the parameters stays.
 *
 *     echo_params p = echo_params_default(m);
 *     echo_preset_apply(echo_preset_named("fast"), &p);
 *
 * "fast", "balanced" and "best" differ in what they cost, and leave a model's own guidance as
 * strong as it is.  The others are the reference's, with its steps and scales of guidance.
 */
typedef struct {
    const char *name; /* of a parameter, "num_steps"; NULL behind the last one */
    double value;
} echo_preset_value;

typedef struct {
    const char *name;  /* "independent-high-cfg" */
    const char *title; /* "Independent-High-CFG" */
    const char *help;  /* half a line */
    /* Of the transformer, in a pass with a voice and guidance by both: its cost. */
    int evaluations;
    const echo_preset_value *values;
} echo_preset;

/* Preset i; NULL past the last. */
ECHO_API const echo_preset *echo_preset_at(int i);
/* By name or title; case, spaces, dashes and brackets do not matter: "Independent (High CFG)".
 * NULL if there is none of this name. */
ECHO_API const echo_preset *echo_preset_named(const char *name);
ECHO_API void echo_preset_apply(const echo_preset *preset, echo_params *params);

/*
 * Callbacks for the results; each is optional.  A thread of the session may decode one block
 * while the next is sampled.  It then calls audio, and progress for ECHO_STAGE_DECODE.  Two
 * calls of audio never overlap, nor do calls of progress and log.
 */
typedef struct {
    void *user;
    /* pcm is valid during the call only: copy it.  Return false to stop. */
    bool (*audio)(void *user, const float *pcm, size_t n);
    echo_progress *progress;
    echo_logger *log; /* instead of the model's */
    /* Asked before each block for its frames, so that sizes can follow playback.  Return 1 to
     * `left`, or 0 to end.  made: frames so far, without the prefix; made + left is
     * sequence_length.  Leave block_sizes empty. */
    int (*next_block)(void *user, int made, int left);
} echo_sink;

/* Facts about the last generating call. */
typedef struct {
    int frames;      /* latent frames, the prefix included */
    int kept;        /* of them, those up to the end of speech; they are decoded */
    int window;      /* frames of the first try; an estimate if the length is "auto" */
    int retries;     /* how often it went on, since that was too small for the speech */
    int blocks;      /* sampled */
    bool ended;      /* an end of speech was found; false without trim */
    size_t samples;  /* handed to the sink */
    double first_audio_s; /* from the call to the first of them */
    int steps;       /* diffusion steps over all blocks */
    int evaluations; /* of the transformer; each guidance branch is one */
    int text_tokens; /* of echo_speak(): of its last piece, as are frames, kept, window */
    int pieces, retakes; /* of echo_speak(), whose sums the other counts and times are */
    double text_s;    /* text and voice to keys and values */
    double sample_s;  /* diffusion */
    double decode_s;  /* codec */
    double overlap_s; /* of decode_s: while the next blocks were sampled; in both of them */
    double total_s;
} echo_stats;

/*
 * Speak.  text is UTF-8, at most ECHO_MAX_TEXT bytes after normalisation; split longer ones.
 * Two speakers are "[S1] ... [S2] ...".  voice NULL: the model picks one.  params NULL:
 * defaults.  sink NULL or without audio: only latents are made.  The same input gives the same
 * samples on any number of threads.  Instruction sets differ in the last bits.
 *
 * With ECHO_LENGTH_AUTO and trim, the number of frames is estimated: from the text, and from
 * what this session has said before in this voice.  If they hold no end of speech, the model
 * goes on behind them, up to its largest window.  A model without blocks says the text again in
 * its largest window, as if that had been asked for.  Give a number where the same samples are
 * wanted whatever the session said before.
 *
 * With blocks, audio comes after each block.  With trim, silence at the end of a block waits
 * for the next one, which shows whether speech has ended.
 *
 * With trim, the log gets a warning if speech may be missing.  Either no end of speech was
 * found, or it comes too soon or too late, or speech goes on after it.  If params->strict, that
 * is ECHO_ERR_SPEECH.  The text is checked as by echo_text_check().
 */
ECHO_API echo_status echo_generate(echo_session *s, const char *text,
                                   const echo_voice *voice, const echo_params *params,
                                   const echo_sink *sink, echo_error *err);

/* The same, continuing a prefix: `speech`, whose words begin the text.  It is cut to whole
 * patches and comes first in the audio; frames and progress include it. */
ECHO_API echo_status echo_continue(echo_session *s, const echo_voice *speech, const char *text,
                                   const echo_voice *voice, const echo_params *params,
                                   const echo_sink *sink, echo_error *err);

/* ---- text of any length ---- */

typedef struct echo_script echo_script; /* a text, cleaned, on its way to pieces */

#define ECHO_MAX_ROLES 64 /* of a cast */

/* One who speaks in a text, in a voice of its own. */
typedef struct {
    const char *name;        /* on one line, without a colon */
    const echo_voice *voice; /* NULL: that of the call */
} echo_role;

/* Where a long text is between two pieces: for going on later.  A plain value, to be kept as it
 * is; its numbers mean nothing to others. */
typedef struct {
    uint64_t job; /* of text, voice, model and settings: others are refused */
    uint64_t byte, samples;
    int part, speaker, pieces, heard;
    double pace, level, level_samples;
    struct {
        double pace;
        int heard;
    } cast[ECHO_MAX_ROLES]; /* the paces of its roles */
} echo_checkpoint;

/*
 * How text becomes pieces, and pieces become one speech.  A plain value: get one from
 * echo_speak_opts_default().
 */
typedef struct {
    bool clean;           /* markup, numbers, signs to what a reader says; else as it stands */
    const char *markup;   /* "auto", "plain", "markdown", "html", "ssml"; NULL: auto */
    const char *language; /* of the text, as BCP 47 names it; NULL: "en" */
    float pause_sentence, pause_paragraph; /* seconds between pieces that end so, 0 to 60 */
    float crossfade;      /* seconds that pieces without a pause overlap, 0 to 1 */
    bool match_levels;    /* pieces are as loud as those before, changed by at most 6 dB */
    int retakes;          /* of a piece that is silent, cut or too long, 0 to 10 */
    bool stream;          /* audio leaves within pieces, in blocks; there are no retakes */
    int first_block;      /* its frames, 16 to 640; later ones follow playback */
    /*
     * Who speaks.  A line that begins with one of these names and a colon is a turn of that
     * role.  The turn goes on up to the next one, or to a heading.  The name is not said.  Its
     * case and Unicode form do not matter, nor does emphasis ("**Anna:**").  All else is the
     * narrator's, who has the voice of the call.
     */
    const echo_role *cast;
    int roles;            /* 0: there is no cast; up to ECHO_MAX_ROLES */
    float pause_turn;     /* seconds between turns, -2 to 60; below 0: they overlap */
    const echo_checkpoint *from; /* go on from here; NULL: from the beginning */
    const echo_voice *own_voice; /* what that run's last echo_piece had as voice */
} echo_speak_opts;

/* Cleaned, with pauses of 0.4 and 0.8 s, 0.3 s between turns, levels matched, two retakes,
 * first blocks of 32. */
ECHO_API echo_speak_opts echo_speak_opts_default(void);

/* Its numbers and switches as a table, as echo_param_at() has those of echo_params: offsets are
 * in echo_speak_opts.  NULL past the last. */
ECHO_API const echo_param *echo_speak_param_at(int i);

/* The check that every call with these options makes: ranges, markup, language, names of the
 * cast.  ECHO_ERR_ARG names the option.  Only the call knows whether a voice fits the model,
 * the cast the text, and `from` the job. */
ECHO_API echo_status echo_speak_opts_check(const echo_speak_opts *o, echo_error *err);

/* A piece of a text. */
typedef struct {
    const char *text; /* as the model gets it, before normalisation; during the call only */
    int index;        /* from 0 */
    int level;        /* of a heading that begins here, 1 to 6; 0: there is none */
    const char *role; /* who says it, as in the cast; NULL: the narrator; as long as text */
    int turn;         /* from 0: pieces that one role says in a row, from a name on */
    double pause_s;   /* behind it; below 0: the next one begins so long before its end */
    double expected_s; /* how long it should take to say, without the pause */
    double done;      /* share of the text up to its end, 0 to 1 */
    /* The rest is of echo_speak() alone. */
    double begin_s, end_s; /* of its sound in the whole, without the pause */
    uint64_t seed;
    int takes;         /* tries */
    const char *trouble; /* what is wrong with the one that was kept; "" */
    echo_stats stats;  /* of that one */
    bool resumable;    /* `next` and `voice` may be kept */
    echo_checkpoint next;
    const echo_voice *voice; /* made of the first pieces where none was given; else NULL */
} echo_piece;

/*
 * Clean a text of any length and cut it as echo_speak() would at the model's own pace.  The
 * model's log gets a warning as of echo_speak().  ECHO_ERR_ARG and ECHO_ERR_NOTHING as for
 * echo_speak().  The model must stay open until the script is closed.
 */
ECHO_API echo_status echo_script_open(echo_script **out, const echo_model *m, const char *text,
                                      const echo_speak_opts *opts, echo_error *err);
/* The next piece; false at the end. */
ECHO_API bool echo_script_next(echo_script *s, echo_piece *out);
ECHO_API void echo_script_close(echo_script **s);

/* Callbacks of echo_speak(); all but audio are optional.  As in echo_sink, none runs beside
 * another of its kind. */
typedef struct {
    void *user;
    bool (*audio)(void *user, const float *pcm, size_t n);
    echo_progress *progress; /* of the piece at hand */
    /* Share of the text that is spoken, and seconds that the rest takes; below 0: not known */
    bool (*overall)(void *user, double done, double left_s);
    /* A piece has been handed on, with the pause behind it.  Return false to stop. */
    bool (*piece)(void *user, const echo_piece *piece);
    echo_logger *log;
} echo_speak_sink;

/*
 * Speak a text of any length: a word or a book.  It is cleaned and cut into pieces that fit one
 * pass; silence at their ends becomes pauses by punctuation; they are joined without clicks.
 * Memory does not grow with the sound.  A text of one piece sounds as echo_generate() says it.
 *
 * voice NULL: the first pieces, up to 7 s, become the voice of the rest.  Piece i is made with
 * rng_seed + i.  One that is silent, cut or far too long is made again with another seed.  If
 * it stays wrong, the log gets a warning with its words.  If params->strict, that is
 * ECHO_ERR_SPEECH.
 *
 * Windows fit the text and the pace of the pieces before, or have params->sequence_length.
 * Nothing is taken from earlier calls: the same input gives the same samples in any session.
 * With opts->stream, the first block of a text is small, and later ones are as large as
 * playback in real time allows.  So samples depend on the speed of the machine.  With
 * block_sizes, blocks have those sizes in turn, the last of them from then on.
 *
 * With opts->cast, each role has its own voice and pace, and no piece is of two turns.  Where
 * turns overlap, at most two sound at once, and none begins or ends before the one before it.
 * Their sum is held below full scale.  Pieces there are not resumable.  The log gets a warning
 * of names that begin two or more lines, but are not in the cast.
 *
 * ECHO_ERR_NOTHING: the text, once it is cleaned, has no letter or digit.  ECHO_ERR_ARG, with
 * the field at fault: the text is empty or blank, or has invalid UTF-8; an option is out of its
 * range.  Or a name of the cast is empty or there twice, or no line begins with any of them.
 * Or `from` is of another job, or params->trim is off and there is more than one piece.
 */
ECHO_API echo_status echo_speak(echo_session *s, const char *text, const echo_voice *voice,
                                const echo_params *params, const echo_speak_opts *opts,
                                const echo_speak_sink *sink, echo_error *err);

/* Turn latents into sound: every frame, no trim. */
ECHO_API echo_status echo_decode(echo_session *s, const echo_voice *latents,
                                 const echo_sink *sink, echo_error *err);

/* Of the last echo_generate(), echo_continue() or echo_decode(). */
ECHO_API echo_stats echo_session_stats(const echo_session *s);

/* Latents of the last echo_generate() or echo_continue(), [frames][latent_size]: untrimmed, the
 * prefix first.  Borrowed until the next call on s. */
ECHO_API const float *echo_session_latent(const echo_session *s, int *frames);

/* Check a text as echo_generate() does.  ECHO_ERR_ARG: it is empty or blank, has invalid UTF-8
 * or a control character (the message says where), or is too long for one pass.
 * ECHO_ERR_NOTHING: it has no letter or digit outside speaker tags. */
ECHO_API echo_status echo_text_check(const char *text, bool normalize, echo_error *err);

/* Write the text as the model gets it: normalised if asked, else with unified line ends.  Each
 * CR LF, CR, form feed, vertical tab, U+0085, U+2028 and U+2029 becomes a newline, or a space
 * if normalised.  Writes at most size bytes to out, with the final 0.  Returns the full length
 * without it. */
ECHO_API size_t echo_text_normalize(const char *text, bool normalize, char *out, size_t size);

/*
 * Find the first unusual character of text, or NULL: one that a model may never have seen.  It
 * is passed to the model all the same.  Unusual are no-break spaces, zero-width marks, separate
 * accents, emoji, box drawing, mathematical letters, private use.  Letters of any script,
 * punctuation and line ends are usual.  Returns where it is, its bytes in *length, and its code
 * point in *character, unless that is NULL.  Continue behind it as with echo_model_unknown().
 * text need not be normalised.
 */
ECHO_API const char *echo_text_unusual(const char *text, size_t *length, uint32_t *character);

/*
 * For a text that still grows, such as the answer of a chat model: bytes up to the end of the
 * last sentence that more text cannot change, with the blanks behind it; 0: there is none yet.
 * Speak these, keep the rest until more has come, and speak that at the end.  Abbreviations,
 * quotations, speaker tags and listings of programs are not cut.  language as in
 * echo_speak_opts.
 *
 *     while ((n = echo_text_complete(text, NULL))) ... the first n bytes, then text += n
 */
ECHO_API size_t echo_text_complete(const char *text, const char *language);

/* Bytes of text before its end or its first invalid UTF-8. */
ECHO_API size_t echo_text_readable(const char *text);

/* ---- audio files ---- */

/*
 * Read any file that libsndfile or libmpg123 knows, or ffmpeg, if it is on PATH
 * ($ECHOTTS_FFMPEG names another program).  Its channels are mixed to one and resampled to
 * 44.1 kHz.  The mix is the mean of the channels.  If they cancel each other (their sum is 6 dB
 * weaker than the loudest), it is the loudest one.  If the header has no length, the whole
 * file is read.  At most max_seconds are read (0 = all, up to a day).  path may name a pipe,
 * which is copied to $TMPDIR, up to 1 GiB; "-" is standard input.  Free *pcm by
 * echo_audio_free().
 */
ECHO_API echo_status echo_audio_read(float **pcm, size_t *n, const char *path,
                                     double max_seconds, echo_error *err);
ECHO_API void echo_audio_free(float **pcm);

#define ECHO_CLIPS 1000 /* files that make one reference, at most */

/* All zero means: samples as they are, a second of silence between files, no log. */
typedef struct {
    bool trim;        /* cut silence at the ends of each file, but for 0.1 s */
    bool lift;        /* raise each quiet file, as echo_encode_opts.lift does */
    double gap_s;     /* of silence between files, up to 10; 0: 1 s; below 0: none */
    echo_logger *log; /* gets what is found in them: a line each, with what to do */
    void *user;
} echo_clips_opts;

/*
 * Read the recordings of one voice, each as by echo_audio_read(), and join them: a reference
 * for echo_voice_encode(), mono at 44.1 kHz.  A path may be a folder.  It stands for its sound
 * files in the order of their names, without hidden ones and without its subfolders.  "-" is
 * standard input, once.  Each file is scaled down if its peak is above 1.  The limit is what is
 * encoded of a voice, 6,400 frames (297 s): a warning names the files that are left out.
 *
 * ECHO_ERR_ARG has the field "paths" or "gap_s": there is no path, or a number is out of its
 * range.  ECHO_ERR_FILE: a file cannot be read, is silent, is no sound; a folder has no sound;
 * all of them are shorter than 8,192 samples.  opts may be NULL.  Free *pcm by
 * echo_audio_free().
 */
ECHO_API echo_status echo_clips_read(float **pcm, size_t *n, const char *const *paths,
                                     int n_paths, const echo_clips_opts *opts, echo_error *err);

typedef enum { ECHO_WAV_PCM16,
               ECHO_WAV_FLOAT } echo_wav_format;

/* Write a WAV file at 44.1 kHz, as echo_file_write() does. */
ECHO_API echo_status echo_wav_write(const char *path, const float *pcm, size_t n,
                                    echo_wav_format format, echo_error *err);

/* A format that sound is written in. */
typedef struct {
    const char *name;   /* "mp3" */
    const char *ending; /* of its files, without the dot: "mp3" */
    const char *mime;   /* "audio/mpeg" */
    const char *title;  /* "MP3" */
    bool lossy;         /* it has a bitrate or a quality */
    bool available;     /* false: the libsndfile at hand cannot encode it; of aac: no ffmpeg */
} echo_format;

/* Describe format i: wav, pcm, flac, mp3, ogg (Vorbis), opus, aac (in ADTS); false past the
 * last.  The strings stay.  AAC is encoded by the program ffmpeg, which must be on PATH or in
 * $ECHOTTS_FFMPEG. */
ECHO_API bool echo_format_at(int i, echo_format *out);

/* The format of this name or ending, in any case.  ECHO_ERR_ARG lists those that are known. */
ECHO_API echo_status echo_format_named(const char *name, echo_format *out, echo_error *err);

/*
 * The format that a file's ending means: "mp3" of "talk.MP3".  A path whose ending means
 * nothing here, as "talk" and "talk.v2" do, gives WAV, and out->ending is NULL.  ECHO_ERR_ARG:
 * it is the ending of sound that cannot be written (.m4a); the line says what helps.
 */
ECHO_API echo_status echo_format_of_path(const char *path, echo_format *out, echo_error *err);

/*
 * A line of a file about itself.  Names: title, artist, album, date, genre, comment, copyright,
 * license, software, and text, the words that are spoken.  MP3 keeps those as lyrics; elsewhere
 * they are the comment, behind one that is given.  Values are UTF-8.  Of each, 8 kB are kept.
 * WAV keeps no license, raw samples keep nothing.
 */
typedef struct {
    const char *name, *value;
} echo_tag;

/*
 * All zero means: 16-bit WAV at 44.1 kHz, the samples as they are.  Whatever is asked for
 * happens in this order: speed, rate, loudness, format.
 */
typedef struct {
    const char *format; /* "mp3"; NULL: by the path's ending, "wav" where it has none */
    int rate;           /* Hz, 8,000 to 48,000; 0: 44,100, for Opus 48,000 */
    bool as_float;      /* samples of wav and pcm in 32-bit float instead of 16-bit */
    int bitrate;        /* kbit/s of mp3, ogg (about), opus, aac; 0: by quality */
    float quality;      /* of the same; above 0, the smallest, to 1, the best; 0: 0.5 */
    float loudness;     /* LUFS that the whole is brought to, -40 to -5; 0: as it is */
    float true_peak;    /* dB of full scale, -20 to 0, that is not passed then; 0: -1 */
    float speed;        /* 0.25 to 4, the pitch stays; 0 or 1: as it is */
    bool stream;        /* bytes leave as they come; the file cannot say how long it is */
    const echo_tag *tags;
    int n_tags;
} echo_writer_opts;

/*
 * Sound on its way into a file, as it is made.  Memory does not grow with its length.
 *
 * Files appear whole or not at all, as by echo_file_write().  Standard output, a pipe, a device
 * and a callback take bytes that cannot be changed later.  For these all is kept in $TMPDIR
 * until the end, unless `stream` is set.
 *
 * loudness is that of EBU R 128, over the whole.  The samples are kept in $TMPDIR, too, and
 * brought to within 0.5 LU of it.  A limiter holds back what would pass true_peak.  It adds at
 * most 12 dB, so a target that is too high for the peak is not reached.  With `stream` the gain
 * follows what was heard so far, from a second ahead: the whole ends up within about 2 LU.
 * Lossy formats may raise a peak again, by less than 1 dB as a rule.
 */
typedef struct echo_writer echo_writer;

/* Would these options work for this path?  path may be NULL: then only the format counts.  Ask
 * before minutes of work.  ECHO_ERR_ARG has the field of the option at fault. */
ECHO_API echo_status echo_writer_check(const char *path, const echo_writer_opts *opts,
                                       echo_error *err);

/* path "-" is standard output.  opts may be NULL. */
ECHO_API echo_status echo_writer_open(echo_writer **out, const char *path,
                                      const echo_writer_opts *opts, echo_error *err);

/* The same into a function of yours, which returns false if it can take no more.  The calls of
 * open, write and close on the writer call it. */
ECHO_API echo_status echo_writer_open_callback(echo_writer **out,
                                               bool (*write)(void *user, const void *bytes,
                                                             size_t n),
                                               void *user, const echo_writer_opts *opts,
                                               echo_error *err);

/* Mono at 44.1 kHz.  ECHO_ERR_ARG: a sample is infinite or not a number.  ECHO_ERR_FILE: there
 * is no room, or nobody reads any more (ignore SIGPIPE).  After a failure all further calls
 * fail alike. */
ECHO_API echo_status echo_writer_write(echo_writer *w, const float *pcm, size_t n,
                                       echo_error *err);

/* Finish: the file is there, or err says why not.  The writer is gone either way. */
ECHO_API echo_status echo_writer_close(echo_writer **w, echo_error *err);

/* Give up: nothing is left behind.  What was streamed has gone. */
ECHO_API void echo_writer_abort(echo_writer **w);

/* Seconds of sound written so far, after the change of speed. */
ECHO_API double echo_writer_seconds(const echo_writer *w);

/* ---- other files ---- */

/* Write bytes to a file; path "-" is standard output.  The file appears whole or not at all: a
 * temporary file beside it is renamed.  A symbolic link stays, and its target is written.
 * Devices and pipes are written directly.  ECHO_ERR_FILE says why writing failed. */
ECHO_API echo_status echo_file_write(const char *path, const void *data, size_t bytes,
                                     echo_error *err);

/* Would echo_file_write() work?  Ask before minutes of work; this changes nothing. */
ECHO_API echo_status echo_file_check(const char *path, echo_error *err);

#ifdef __cplusplus
}
#endif

#endif /* ECHOTTS_H */
