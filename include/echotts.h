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
 * Errors.  Calls that can fail return echo_status, 0 on success.  A call that
 * fails fills err, unless it is NULL, with the status, the parameter at fault and
 * one readable line; the out handle is NULL and nothing is left to free.
 *
 * Audio is mono float at 44,100 Hz, nominally -1 to 1.  A latent frame is
 * 2,048 samples (46.4 ms) and, in the published model, a vector of 80.
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
#define ECHO_MAX_FRAMES    640  /* one pass, with what it continues */
#define ECHO_MAX_TEXT      767  /* bytes after normalisation */
#define ECHO_VOICE_SECONDS 300  /* of a clip are read, and 6,400 frames (297 s) encoded */

typedef struct echo_model echo_model;     /* weights on one device; shared */
typedef struct echo_voice echo_voice;     /* encoded audio; shared */
typedef struct echo_session echo_session; /* working memory for one job */

typedef enum {
    ECHO_OK = 0,
    ECHO_ERR_ARG = -1, /* the caller passed something impossible */
    ECHO_ERR_MEMORY = -2,
    ECHO_ERR_FILE = -3,      /* the caller's: missing, unreadable, or not what we expect */
    ECHO_ERR_DEVICE = -4,    /* no such device, or it failed while working */
    ECHO_ERR_CANCELLED = -5, /* a callback or echo_cancel() asked to stop */
    ECHO_ERR_MODEL = -6,     /* a file of the model is missing, unreadable or damaged */
} echo_status;

typedef struct {
    echo_status status;
    char field[32]; /* at fault: "text", "voice", the name of a parameter; "" if none is */
    char text[1024];
} echo_error;

ECHO_API const char *echo_version(void);

/* Name device i ("cpu"), as echo_model_opts takes it; NULL past the last. */
ECHO_API const char *echo_device(int i);

/* Name instruction set level i that this CPU has ("c", "avx2", ...), slowest
 * first, NULL past the last. */
ECHO_API const char *echo_isa(int i);

/* ---- model ---- */

typedef enum { ECHO_LOG_INFO,
               ECHO_LOG_WARNING } echo_log_level;

typedef void echo_logger(void *user, echo_log_level level, const char *line);

/*
 * All zero means: best device, every core, best precision without loss, silence.
 *
 * precision is of the products of the transformer and the encoders: "f32", "bf16" (operands
 * rounded to bfloat16, sums in float32) or "int8" (weights by column and activations by row;
 * fast with vnni, dot or amx; encoders and attention as by auto).  NULL or "auto": bf16 where
 * it multiplies clearly faster than float32, which is measured in 25 ms, else float32 on
 * weights as stored, which is exact; of a packed file int8 if it is that, else as before.
 * codec_precision is the same for
 * the convolutions of the codec: "f32", which "auto" is, or "bf16".  What is not product
 * (norms, softmax, residuals, codebooks, times) is always float32.
 */
typedef struct {
    const char *device;       /* "cpu"; NULL or "auto" picks the best */
    const char *codec_device; /* the same for the codec; NULL or "auto": where the rest is */
    const char *isa;          /* cap the CPU kernels: "c", "avx2", ... */
    const char *precision, *codec_precision;
    int threads;        /* 0 = one per core; up to 256 */
    bool profile;       /* time each kind of operation; the log gets the sums at closing */
    bool describe;      /* read headers alone, in no time: for questions, not for sessions */
    /* weights read and packed, 0 to 1, from the opening thread; return false to stop */
    bool (*progress)(void *user, double done);
    /* Told what is no call's own log; from whichever thread has something to say. */
    echo_logger *log;
    void *user;
} echo_model_opts;

/*
 * Open the packed file path (echo_model_pack()), or the model in directory path:
 * echo.safetensors, dac.safetensors and pca.safetensors, or the layout of the hub
 * (echo-tts-base/, fish-s1-dac-min/) or of a Hugging Face cache; one of these two folders if
 * the other lies beside it, or a file of the model.  Files may be in shards, and what trainers
 * put in front of all names of tensors is taken off.  path NULL looks where models usually
 * are: $ECHOTTS_MODEL, the Hugging Face cache, an installed base model, then the small one that
 * ships; a place with only a part of a model is ECHO_ERR_MODEL, and is not passed over.
 * Packed weights, and weights for float32, are mapped and used in place: this costs 0.1 to 1 s
 * and, of the original files, memory for the codec (base model: 1.5 GB, 0.8 in bf16).  For
 * other precisions the original weights are packed while opening, on all threads: 3 to 6 s and
 * 3 to 6 GB.  ECHO_ERR_MODEL names the file and tensor at fault.
 */
ECHO_API echo_status echo_model_open(echo_model **out, const char *path,
                                     const echo_model_opts *opts, echo_error *err);
ECHO_API void echo_model_close(echo_model **m);

/*
 * Weights are not read when a model is opened.  This reads them all: the checksums of a packed
 * file, and whether all numbers are finite.  ECHO_ERR_MODEL names the tensor that is damaged.
 * Seconds, for the base model.
 */
ECHO_API echo_status echo_model_verify(const echo_model *m, echo_error *err);

/*
 * Write the model in directory path (as for echo_model_open()) into one file out (*.echo),
 * packed for opts->precision ("bf16", which auto is, or "int8") and opts->codec_precision.
 * Encoders are packed in bf16, the published numbers as they are, others rounded to it.  The
 * model's voices are packed with it, their clips as they are.
 * The file is opened like a directory, at once, and used in place: processes share its pages.
 * opts->progress counts loading, then writing.  Needs memory for the packed weights: 6 GB for
 * the base model in bf16, 4 in int8.  The file appears whole or not at all.
 */
ECHO_API echo_status echo_model_pack(const char *path, const char *out,
                                     const echo_model_opts *opts, echo_error *err);

/* Facts about an open model.  Strings belong to the model. */
typedef struct {
    const char *path;                            /* the directory or packed file */
    const char *echo_file, *dac_file, *pca_file; /* the three files in it */
    const char *echo_dtype, *dac_dtype;          /* as stored: "BF16" */
    const char *device, *codec_device;           /* "cpu: avx512, 2 threads" */
    const char *precision, *codec_precision;     /* of the products: "f32" */
    const char *precision_reason; /* "chosen by speed: bf16 multiplies 1.97 times as fast..." */
    const char *absent;       /* parts not in the files, "" if complete */
    const char *stripped;     /* from the names of tensors: "speech: module.", "" if nothing */
    uint64_t echo_parameters; /* transformer and encoders */
    uint64_t dac_parameters;
    uint64_t file_bytes;
    int latent_size, patch_size, codec_dim, frame_samples;
    int layers, model_size, heads;
    int text_layers, text_size, speaker_layers, speaker_size;
    int words;      /* of its vocabulary; 0: it brings none, and any may be tried */
    bool packed;    /* one file, for all three */
    bool blockwise; /* blocks and continuation can be had */
    double load_s;
} echo_model_info;

ECHO_API echo_model_info echo_model_describe(const echo_model *m);

/* Word i of the model's vocabulary, in lower case and in order, NULL past the last; belongs to
 * the model.  The vocabulary is what "vocabulary" in its echotts.json lists. */
ECHO_API const char *echo_model_word(const echo_model *m, int i);

/*
 * The first word of text that is not in the model's vocabulary, and so may not be said right:
 * *length bytes that lie in text.  NULL: there is none, or the model has no vocabulary.
 *
 *     for (const char *w = text; (w = echo_model_unknown(m, w, &n)); w += n)
 *         printf("%.*s\n", (int)n, w);
 *
 * A word is letters (ASCII or other), digits, and apostrophes between them: "twenty-five" is
 * two, "7" is one, punctuation and tags of speakers ("[S1]") are none.  Case of ASCII letters
 * does not matter.  text is read up to its end, takes any length, and need not be normalised.
 */
ECHO_API const char *echo_model_unknown(const echo_model *m, const char *text, size_t *length);

/*
 * Name of voice i that the model brings, in order, NULL past the last; belongs to the model.
 * These are the clips beside the transformer's file (WAV, FLAC, Ogg, Opus or MP3, whose names
 * without the ending are printable UTF-8), or those that were packed with a packed model.
 */
ECHO_API const char *echo_model_voice(const echo_model *m, int i);

/*
 * Which voice a name means, -1: none.  Case, the form of Unicode and an ending like ".wav" do
 * not matter, but a voice of exactly this name goes first.
 */
ECHO_API int echo_model_find_voice(const echo_model *m, const char *name);

/* ---- session ---- */

/* Memory is taken at the first use and grows to the largest job seen.  ECHO_ERR_ARG for a model
 * that was opened to be described. */
ECHO_API echo_status echo_session_open(echo_session **out, const echo_model *m,
                                       echo_error *err);
ECHO_API void echo_session_close(echo_session **s);

/* Any thread, any time.  The running call returns ECHO_ERR_CANCELLED within one layer of one
 * step.  It holds until a call has reported it: without a running call, or if that had just
 * finished, the next one returns at once. */
ECHO_API void echo_cancel(echo_session *s);

/* Called as work goes on, never twice at a time.  done and total are in the stage's own unit.
 * Return false to stop. */
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
    int max_frames;  /* more are refused; 0: the first 6,400 are taken, with a warning */
    echo_progress *progress;
    echo_logger *log; /* instead of the model's */
    void *user;
} echo_encode_opts;

/*
 * Encode mono pcm, n samples at rate Hz: resampled to 44.1 kHz, cut at
 * ECHO_VOICE_SECONDS, scaled down if its peak is above 1.  Memory does not
 * grow with length.  ECHO_ERR_ARG if no whole patch of frames is in it
 * (8,192 samples at 44.1 kHz), for numbers that are not finite, and for silence: nothing
 * above -80 dB of full scale, whatever its mean.  The log is warned of a clip that is cut, and
 * of one below -33 LUFS, whose voice may be lost: see lift.  opts may be NULL.
 */
ECHO_API echo_status echo_voice_encode(echo_voice **out, echo_session *s,
                                       const float *pcm, size_t n, int rate,
                                       const echo_encode_opts *opts, echo_error *err);

/*
 * The same from a file, a pipe (kept in $TMPDIR, up to 1 GiB) or, for "-", standard input:
 * audio is encoded, saved latents (known by their content) are loaded, without codes.  Channels
 * are mixed as by echo_audio_read(), with a warning where one is taken alone.  ECHO_ERR_FILE
 * says what the file is instead, if that is known.
 */
ECHO_API echo_status echo_voice_open(echo_voice **out, echo_session *s, const char *path,
                                     const echo_encode_opts *opts, echo_error *err);

/* Saved latents only, as of echo_voice_save(): audio is ECHO_ERR_FILE. */
ECHO_API echo_status echo_voice_load(echo_voice **out, echo_session *s, const char *path,
                                     echo_error *err);

/* A voice that the model brings, by its name as for echo_model_find_voice(); ECHO_ERR_ARG if
 * there is none of this name. */
ECHO_API echo_status echo_voice_named(echo_voice **out, echo_session *s, const char *name,
                                      const echo_encode_opts *opts, echo_error *err);

/* From latents of one's own, [frames][size], copied. */
ECHO_API echo_status echo_voice_from_latent(echo_voice **out, const float *latent,
                                            int frames, int size, echo_error *err);

/* Write a safetensors file: `latent` F32 1 x frames x size and, if remembered,
 * `codes` I32 books x frames.  The file appears whole or not at all. */
ECHO_API echo_status echo_voice_save(const echo_voice *v, const char *path, echo_error *err);

/* Borrowed, [frames][size]; frames and size may be NULL. */
ECHO_API const float *echo_voice_latent(const echo_voice *v, int *frames, int *size);

/* Borrowed, [books][frames], or NULL if not remembered. */
ECHO_API const int32_t *echo_voice_codes(const echo_voice *v, int *books);
ECHO_API void echo_voice_close(echo_voice **v);

/* ---- speech ---- */

#define ECHO_MAX_BLOCKS 64 /* that echo_params can list; echo_sink.next_block has no limit */

typedef struct {
    int n, items[ECHO_MAX_BLOCKS];
} echo_list;

/*
 * How to speak.  A plain value: copy it, keep it.  Get one from echo_params_default() and
 * change what you need.  Names are the reference's; echo_param_at() has the ranges, and
 * ECHO_ERR_ARG names the field that is out of its range.
 */
typedef struct {
    uint64_t rng_seed;              /* as torch.manual_seed's on the CPU; low 32 bits count */
    int num_steps;                  /* Euler steps */
    float cfg_scale_text;           /* guidance towards the text */
    float cfg_scale_speaker;        /* guidance towards the voice */
    float cfg_min_t;                /* guidance is on from this t; above 1: never */
    float cfg_max_t;                /* and up to this one */
    float truncation_factor;        /* scale of the initial noise; 1 = none */
    float rescale_k, rescale_sigma; /* temporal score rescaling, both, or 0 = off */
    float speaker_kv_scale;         /* scale of the voice's keys and values; 0 = off */
    int speaker_kv_max_layers;      /* in the first so many layers; -1 = all */
    float speaker_kv_min_t;         /* until t falls below; 0 = to the end */
    int sequence_length;            /* latent frames to make */
    echo_list block_sizes;          /* or: make these many, block by block; n 0 = one pass */
    bool normalize;                 /* text: quotes, dashes, "[S1] " in front */
    bool trim;                      /* cut at the end of speech */
    bool round_timesteps;           /* round t to bfloat16, as published runs do */
} echo_params;

/* The reference's defaults, or the model's own where it brings any. */
ECHO_API echo_params echo_params_default(const echo_model *m);

/* The fields of echo_params as a table: for command lines, JSON, forms and other languages. */
typedef enum {
    ECHO_PARAM_SEED,  /* uint64_t */
    ECHO_PARAM_INT,   /* int */
    ECHO_PARAM_FLOAT, /* float */
    ECHO_PARAM_BOOL,  /* bool */
    ECHO_PARAM_LIST,  /* echo_list */
} echo_param_kind;

typedef struct {
    const char *name;  /* "num_steps" */
    const char *alias; /* another name it is known by, "steps"; NULL: none */
    const char *help;  /* half a line */
    echo_param_kind kind;
    size_t offset;     /* in echo_params */
    double min, max;   /* of a number, of each one in a list */
    const char *word;  /* may stand in for a number ... */
    double stands_for; /* ... for this one; NULL: no word does */
} echo_param;

/* Parameter i; NULL past the last. */
ECHO_API const echo_param *echo_param_at(int i);
/* By name or alias; NULL if there is none of this name. */
ECHO_API const echo_param *echo_param_find(const char *name);

/*
 * Where results go.  Functions are optional.  While a block is sampled, the one before may be
 * decoded in another thread of the session: audio comes from there, and so does the progress
 * of decoding.  Calls of audio never overlap each other, nor do calls of progress and log.
 */
typedef struct {
    void *user;
    /* pcm is ours: copy it before returning.  Return false to stop. */
    bool (*audio)(void *user, const float *pcm, size_t n);
    echo_progress *progress;
    echo_logger *log; /* instead of the model's */
    /* Make sequence_length frames in blocks of sizes that follow playback: asked before each,
     * returns its frames, 1 to `left`, or 0 for no more.  made: frames so far, without what
     * they continue.  block_sizes is to be empty. */
    int (*next_block)(void *user, int made, int left);
} echo_sink;

/* Facts about the last generating call. */
typedef struct {
    int frames;      /* latent frames made, with what they continue */
    int kept;        /* of them, up to the end of speech: what is decoded */
    int blocks;      /* that they were made in */
    bool ended;      /* an end of speech was found; only looked for with trim */
    size_t samples;  /* handed to the sink */
    int steps;       /* diffusion steps over all blocks */
    int evaluations; /* of the transformer, a guidance branch each */
    int text_tokens;
    double text_s;   /* text and voice to keys and values */
    double sample_s; /* diffusion */
    double decode_s; /* the codec; where lanes overlap the sum is more than total_s */
    double total_s;
} echo_stats;

/*
 * Speak.  text is UTF-8, at most ECHO_MAX_TEXT bytes after normalisation
 * (else ECHO_ERR_ARG: split it); several voices as "[S1] ... [S2] ...".
 * voice NULL: the model picks one.  params NULL: defaults.  sink NULL or without
 * audio: only latents are made.  The same input gives the same samples on any number
 * of threads; another instruction set differs in the last bits.
 * With blocks, audio comes after each block; with trim the last 19 frames wait for the next
 * one, which decides whether speech had ended.
 * With trim the log gets a warning if a part may be missing: if no end of speech was found in
 * the frames, if it comes too soon for so many letters, or if speech goes on behind it.
 */
ECHO_API echo_status echo_generate(echo_session *s, const char *text,
                                   const echo_voice *voice, const echo_params *params,
                                   const echo_sink *sink, echo_error *err);

/* The same, going on from speech, whose words are the beginning of the text.  speech is cut to
 * whole patches and comes first in the audio; frames and progress count it. */
ECHO_API echo_status echo_continue(echo_session *s, const echo_voice *speech, const char *text,
                                   const echo_voice *voice, const echo_params *params,
                                   const echo_sink *sink, echo_error *err);

/* Turn latents into sound: every frame, no trim. */
ECHO_API echo_status echo_decode(echo_session *s, const echo_voice *latents,
                                 const echo_sink *sink, echo_error *err);

/* Of the last echo_generate() or echo_decode(). */
ECHO_API echo_stats echo_session_stats(const echo_session *s);

/* Latents of the last echo_generate(), untrimmed, a continuation first;
 * borrowed until the next call on s.  [frames][latent_size] */
ECHO_API const float *echo_session_latent(const echo_session *s, int *frames);

/* The verdict of echo_generate() on the text alone: ECHO_ERR_ARG with the place of what is no
 * UTF-8 or a control character, or for text that has no letter or digit to speak (tags of
 * speakers have none), or is too long for one pass. */
ECHO_API echo_status echo_text_check(const char *text, bool normalize, echo_error *err);

/* The text as the model is given it: normalised if asked, else only with plain line ends.
 * CR LF, CR, form feed, vertical tab, U+0085, U+2028 and U+2029 are one newline each or,
 * normalised, one blank.  Writes at most size bytes with the final 0 to out and returns the
 * length without it. */
ECHO_API size_t echo_text_normalize(const char *text, bool normalize, char *out, size_t size);

/*
 * The first character of text that a model may never have seen, though it is given it like
 * any other, or NULL: spaces that do not break, marks of no width, accents apart from their
 * letters, pictures, boxes, letters of formulas, private use.  Letters of any script and
 * punctuation are none of these, nor are line ends.  It has *length bytes; its Unicode number
 * goes to *character, unless that is NULL.  As with echo_model_unknown(), go on behind it, and
 * text need not be normalised.
 */
ECHO_API const char *echo_text_unusual(const char *text, size_t *length, uint32_t *character);

/* The bytes of text up to its end, or to the first that is no UTF-8. */
ECHO_API size_t echo_text_readable(const char *text);

/* ---- audio files ---- */

/*
 * Read any file that libsndfile or libmpg123 knows, mix its channels to one and resample
 * to 44.1 kHz.  One channel is their mean; but where they cancel each other (their sum is 6 dB
 * weaker than the loudest) it is the loudest.  A length that was never filled in is taken to be
 * the file's.  At most max_seconds (0 = all, up to a day) are read.  path may name a pipe,
 * which is kept in $TMPDIR, up to 1 GiB; "-" is standard input.  *pcm is for echo_audio_free().
 */
ECHO_API echo_status echo_audio_read(float **pcm, size_t *n, const char *path,
                                     double max_seconds, echo_error *err);
ECHO_API void echo_audio_free(float **pcm);

typedef enum { ECHO_WAV_PCM16,
               ECHO_WAV_FLOAT } echo_wav_format;

/* Write a WAV file at 44.1 kHz, as echo_file_write() does. */
ECHO_API echo_status echo_wav_write(const char *path, const float *pcm, size_t n,
                                    echo_wav_format format, echo_error *err);

/* ---- other files ---- */

/* Write bytes to a file; path "-" is standard output.  A file appears whole or not at all: it
 * is written beside and renamed.  A symbolic link stays, and leads to what was written; devices
 * and pipes are written directly.  ECHO_ERR_FILE says why it cannot be. */
ECHO_API echo_status echo_file_write(const char *path, const void *data, size_t bytes,
                                     echo_error *err);

/* Would that work?  To be asked before minutes of work; it leaves everything as it is. */
ECHO_API echo_status echo_file_check(const char *path, echo_error *err);

#ifdef __cplusplus
}
#endif

#endif /* ECHOTTS_H */
