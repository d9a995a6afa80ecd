/* SPDX-License-Identifier: MIT */
/*
 * session.h - the working memory of one job at a time.
 *
 * A job is first run on the null queue, over no memory: that checks its
 * shapes and measures its scratch.  Then the memory is there and nothing on
 * the way can fail but the device.
 */
#ifndef ECHO_ENGINE_SESSION_H
#define ECHO_ENGINE_SESSION_H

#include <stdatomic.h>

#include "engine/model.h"

struct echo_session {
    const echo_model *model;
    struct queue *queue, *null; /* of the model's device; one that only measures */
    struct buffer scratch;
    struct buffer kept[2]; /* what the codec's two stages remember */
    float *host;           /* staging, and the sampler's work */
    size_t host_floats;
    struct kv *kv;    /* [CONTEXT_KINDS][layers] */
    float *latent;    /* [ECHO_MAX_FRAMES, in whole patches][latent], of the last generation */
    int frames;       /* of it */
    atomic_bool stop; /* set by echo_cancel() and by callbacks */
    echo_stats stats;
};

/* Floats of `latent`. */
size_t echo_session_latent_floats(const echo_model *m);

/* A run over no memory that measures, and one over the session's. */
struct run echo_session_dry_run(echo_session *s);
struct run echo_session_run(echo_session *s);

/* Grow what is smaller. */
echo_status echo_session_reserve(echo_session *s, size_t scratch, size_t host_floats,
                                 echo_error *err);

/* The codec's streams at the start of a signal: zeros. */
struct codec_streams {
    struct stream coarse, fine;
};

struct codec_streams echo_session_dry_streams(echo_session *s);
/* After a dry run over `dry`, streams of that size. */
echo_status echo_session_streams(echo_session *s, const struct codec_streams *dry,
                                 struct codec_streams *out, echo_error *err);
/* Forget everything: a new signal begins. */
void echo_streams_restart(struct run *r, struct codec_streams *c);

/* The end of every call that can be stopped: a stop counts until a call has failed by it. */
echo_status echo_session_end(echo_session *s, echo_status status);

/* ECHO_ERR_CANCELLED if the session was told to stop, ECHO_ERR_DEVICE if the device failed. */
echo_status echo_session_check(echo_session *s, echo_error *err);

/* Ask a callback, if there is one; a false stops the session. */
void echo_session_report(echo_session *s, echo_progress *progress, void *user, echo_stage stage,
                         int done, int total);

#endif
