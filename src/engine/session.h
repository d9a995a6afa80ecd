/* SPDX-License-Identifier: MIT */
/* session.h - the working memory of one job at a time. */
#ifndef ECHO_ENGINE_SESSION_H
#define ECHO_ENGINE_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/lane.h"
#include "engine/model.h"
#include "engine/pace.h"

struct echo_session {
    echo_model *model;
    int revival; /* the model's, when the lanes were opened */
    struct lane sampling, decoding; /* of the transformer's device and the codec's */
    struct buffer codec_state[2];   /* of the codec's two stages */
    struct kv *kv;                  /* [CONTEXT_KINDS][layers]; the speaker's are shared */
    struct speaker *speaker;        /* that the running call holds; NULL: none */
    struct pace paces[PACES];
    double began; /* the running call */
    float *latent;    /* [ECHO_MAX_FRAMES, in whole patches][latent], of the last generation */
    int frames;       /* of it */
    atomic_bool stop;   /* set by echo_cancel(), until a call has returned ECHO_ERR_CANCELLED */
    atomic_bool ending; /* the running call is to end: a callback or a lane's failure says so */
    bool overlap;       /* decode a block while the next one is sampled */
    pthread_mutex_t callbacks; /* held while progress or log is told something */
    echo_logger *log;          /* of the running call; NULL: the model's */
    void *log_user;
    echo_stats stats;
};

/* Floats of `latent`. */
size_t echo_session_latent_floats(const echo_model *m);

/* The codec's memory of a signal, at its start: zeros. */
struct codec_state {
    struct causal_state coarse, fine;
};

struct codec_state echo_session_dry_state(echo_session *s);
/* After a dry run over `dry`, a state of that size. */
echo_status echo_session_state(echo_session *s, const struct codec_state *dry,
                               struct codec_state *out, echo_error *err);
/* Forget everything: a new signal begins. */
void echo_state_restart(struct run *r, struct codec_state *c);

/* The beginning and the end of every call that can be stopped.  What it has to say goes to log,
 * or to the model's if that is NULL.  echo_cancel() counts until a call has returned
 * ECHO_ERR_CANCELLED.  Where a device was lost, the beginning opens it again; if that fails,
 * the call ends with it. */
echo_status echo_session_begin(echo_session *s, echo_logger *log, void *user, echo_error *err);
echo_status echo_session_end(echo_session *s, echo_status status);

/* ECHO_ERR_CANCELLED if the session was told to stop, ECHO_ERR_DEVICE if the device failed. */
echo_status echo_session_check(echo_session *s, struct lane *l, echo_error *err);

/* Ask a callback, if there is one; a false stops the session. */
void echo_session_report(echo_session *s, echo_progress *progress, void *user, echo_stage stage,
                         int done, int total);

__attribute__((format(printf, 3, 4))) void echo_session_log(echo_session *s,
                                                            echo_log_level level,
                                                            const char *fmt, ...);

#endif
