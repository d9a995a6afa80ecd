# SPDX-License-Identifier: MIT
"""The model, and speech that it makes."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from ctypes import byref, c_void_p
from types import TracebackType
from typing import Any, Unpack

import numpy as np

from . import _types as t
from . import voices as v
from ._calls import call, lib, text, to_c
from ._job import Job, LogLine, attend, logger_of_model, pass_on, run
from ._numbers import as_float, as_int, nearest
from .audio import Sound, copy, fs_path
from .errors import ArgumentError, FileError
from .parameters import Options, Parameter, speech_params, table
from .speech import (
    STAGES,
    ModelInfo,
    Piece,
    Progress,
    Report,
    Stats,
    info_of,
    piece_of,
    stats_of,
)
from .voices import AnyVoice, Library, Voice

OnProgress = Callable[[Progress], object]

_IDLE_SESSIONS = 4  # whose memory is kept for the next calls
_AHEAD = 30 * t.SAMPLE_RATE  # samples that a stream makes before it waits for its reader


class _Lease:
    """A session in the hands of one job."""

    def __init__(self) -> None:
        self.session = c_void_p()
        self.cancelled = False
        self._lock = threading.Lock()

    def take(self, session: c_void_p) -> None:
        with self._lock:
            self.session = session

    def cancel(self) -> None:
        """From any thread; does nothing once the job has let go."""
        with self._lock:
            self.cancelled = True
            if self.session:
                lib.echo_cancel(self.session)

    def let_go(self) -> tuple[c_void_p, bool]:
        """The session, and whether a cancel may still be waiting in it."""
        with self._lock:
            session, self.session = self.session, c_void_p()
            return session, self.cancelled


class Model:
    """An open model: weights on their devices.

    path: a model's folder or file, or a name ("base", "small", "owner/tuned").  None:
        $ECHOTTS_MODEL, else an installed base model, else the small voice that ships.
    device: "cpu", "vulkan", "vulkan:1"; None: the fastest.
    codec_device: the same for the codec; None: the same device.
    precision: "f32", "bf16", "int8", on a GPU "f16"; None: what is fast here.
    codec_precision: the same for the codec: "f32" or "bf16".
    threads: of the CPU; 0: one for each core.
    loras: adapters to add, paths or (path, scale) with a scale of -8 to 8.
    voices: a Library, or the folder of one; None: the user's.
    on_progress: told how far opening is; False stops it.

    Any threads may share it: calls that run at once have working memory of their own.  close()
    it, or use it in a `with`.  Raises ModelError, DeviceError, ArgumentError.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        device: str | None = None,
        codec_device: str | None = None,
        precision: str | None = None,
        codec_precision: str | None = None,
        threads: int = 0,
        loras: Iterable[str | os.PathLike[str] | tuple[str | os.PathLike[str], float]] = (),
        voices: Library | str | os.PathLike[str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._closed = True
        self._jobs: set[Job] = set()
        self._idle: list[c_void_p] = []
        self._own: dict[int, Voice] = {}
        self._said = threading.local()
        self.library = voices if isinstance(voices, Library) else Library(voices)
        self._log = logger_of_model()  # the library calls it until the model is closed
        opts = t.ModelOpts(threads=as_int("threads", threads), log=self._log)
        for field, value in (("device", device), ("codec_device", codec_device),
                             ("precision", precision), ("codec_precision", codec_precision)):
            if value is not None:
                setattr(opts, field, to_c(value, field))
        added = [_lora(one) for one in loras]
        opts.loras = (t.Lora * len(added))(*added)
        opts.n_loras = len(added)
        self._handle = _open(None if path is None else fs_path(path), opts, on_progress)
        self._finalize = weakref.finalize(self, lib.echo_model_close, byref(self._handle))
        self._finalize.atexit = False
        self._closed = False

    def __repr__(self) -> str:
        return "<echotts.Model, closed>" if self._closed else f"<echotts.Model {self.info.path!r}>"

    # ---- opening and closing ----

    def close(self) -> None:
        """Stop what runs, and free the model.  Closing twice is fine."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            jobs = list(self._jobs)
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()
        for session in self._idle:
            lib.echo_session_close(byref(session))
        self._idle.clear()
        self._own.clear()
        self._finalize()

    def __enter__(self) -> "Model":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def _open_handle(self) -> c_void_p:
        if self._closed:
            raise ValueError("the model is closed")
        return self._handle

    # ---- facts ----

    @property
    def info(self) -> ModelInfo:
        """Facts: its files, its device and precision, its licence, its sizes."""
        return info_of(lib.echo_model_describe(self._open_handle()))

    @property
    def last(self) -> Report | None:
        """Of the last speech of this thread: its stats, pieces, warnings and seed."""
        return getattr(self._said, "report", None)

    def parameters(self) -> list[Parameter]:
        """The parameters of say(), with the defaults of this model."""
        return table(self._open_handle())

    @property
    def voices(self) -> list[str]:
        """The names of the voices of the library, then of the model's own."""
        names = list(self.library)
        return names + [name for name in self._own_names() if name not in names]

    def _own_names(self) -> list[str]:
        out: list[str] = []
        while name := lib.echo_model_voice(self._open_handle(), len(out)):
            out.append(text(name))
        return out

    # ---- jobs ----

    def _job(self, work: Callable[[Job, c_void_p], None], room: int | None = None) -> Job:
        """work(job, session), not started yet."""
        lease = _Lease()

        def whole(job: Job) -> None:
            try:
                lease.take(self._take_session())
                if not job.stopped:
                    work(job, lease.session)
            finally:
                self._give_back(job, *lease.let_go())

        job = Job(whole, lease.cancel, room)
        with self._lock:
            self._open_handle()
            self._jobs.add(job)
        return job

    def _take_session(self) -> c_void_p:
        with self._lock:
            session = self._idle.pop() if self._idle else c_void_p()
        if not session:
            call(lib.echo_session_open, byref(session), self._handle)
        return session

    def _give_back(self, job: Job, session: c_void_p, cancelled: bool) -> None:
        with self._lock:
            self._jobs.discard(job)
            # a cancel that came too late would stop the next call
            keep = not (self._closed or cancelled or len(self._idle) >= _IDLE_SESSIONS)
            if keep and session:
                self._idle.append(session)
        if not keep:
            lib.echo_session_close(byref(session))

    # ---- voices ----

    def voice(self, voice: AnyVoice, *, lift: bool = False) -> Voice:
        """A voice for say() and stream(), encoded once.

        voice: a name: of the library, else of the model, else a file here.  A str with a slash,
            or a path of pathlib, is a file: a clip or latents.  (samples, rate) is a clip:
            mono, float or int16, at rate Hz, at least 0.19 s.  A Voice stays as it is.
        lift: raise a quiet clip to an ordinary level.

        Raises ArgumentError (the clip is silent, too short, not finite), FileError (there is no
        such voice or file).  What may spoil the voice is an EchoWarning.
        """
        if isinstance(voice, Voice):
            return voice
        if isinstance(voice, tuple):
            return self._encode(v.of_sound(voice[0], as_int("rate", voice[1])), "", lift)
        name = os.fspath(voice)
        if not isinstance(voice, str) or _is_path(voice):
            return self._encode(v.of_file(voice), name, lift)
        key = to_c(voice, "voice")
        own = lib.echo_model_find_voice(self._open_handle(), key)
        if voice in self.library:
            _warn_of_choice(voice, "library")
            return self._encode(v.of_library(self.library, key), name, lift)
        if own >= 0 and not self._is_file_beside(voice, own):
            _warn_of_choice(voice, "model")
            return self._own_voice(own, lift)
        if os.path.exists(voice):
            return self._encode(v.of_file(voice), name, lift)
        known = self.voices
        raise FileError(
            f"{voice!r} is neither a voice nor a file{nearest(voice, known)} "
            f"(voices: {', '.join(known[:12]) or 'none'})", field="voice")

    def _is_file_beside(self, name: str, own: int) -> bool:
        """A file "joe.wav" here is meant, not the model's "joe"."""
        stem = os.path.splitext(name)[0]
        return (stem != name and os.path.exists(name)
                and lib.echo_model_find_voice(self._handle, stem.encode()) == own)

    def _own_voice(self, index: int, lift: bool) -> Voice:
        name = lib.echo_model_voice(self._handle, index)
        if lift:
            return self._encode(v.of_model(name), text(name), lift)
        if index not in self._own:
            self._own[index] = self._encode(v.of_model(name), text(name), lift)
        return self._own[index]

    def _encode(self, opening: v.Opening, name: str, lift: bool) -> Voice:
        out = c_void_p()

        def work(job: Job, session: c_void_p) -> None:
            opts = t.EncodeOpts(lift=lift, log=job.logger())
            opening(byref(out), session, byref(opts))

        attend(self._job(work))
        return Voice(out, name)

    # ---- speech ----

    def say(
        self,
        text: str,
        voice: AnyVoice | None = None,
        *,
        on_progress: OnProgress | None = None,
        **params: Unpack[Options],
    ) -> Sound:
        """Speak a text of any length.

        text: a word or a book; markup and numbers are read as a person reads them.
        voice: as voice() takes it; None: the model chooses one, and stays with it.
        on_progress: told of each step, in this thread; False stops the call (CancelledError).
        params: see Options; parameters() has ranges and defaults.

        Returns float32, shape (samples,), mono at 44,100 Hz, nominally -1 to 1.  The same
        arguments give the same samples.  Ctrl-C ends the call within a step.  `last` has more.

        Raises ArgumentError (`field` names the argument), NothingToSayError, FileError (no such
        voice), TypeError (no such keyword), SpeechError (with strict), DeviceError,
        OutOfMemoryError.  Where words may be missing, it issues an EchoWarning.
        """
        speech = Stream(self, text, voice, params, on_progress, whole=True)
        with speech:
            parts = list(speech)
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def stream(
        self,
        text: str,
        voice: AnyVoice | None = None,
        *,
        on_progress: OnProgress | None = None,
        **params: Unpack[Options],
    ) -> "Stream":
        """Speak a text; sound comes while the rest is made.

        Arguments and errors are those of say().  Sizes of blocks follow the speed of the
        machine, so samples differ from run to run, unless block_sizes are given.

        Returns an iterator of float32 arrays, each of shape (samples,).
        """
        return Stream(self, text, voice, params, on_progress, whole=False)

    def pieces(self, text: str, **params: Unpack[Options]) -> list[Piece]:
        """The pieces that say() would cut a text to, at the model's own pace, without sound.

        params: of Options, those of text count.  Raises as say() does.
        """
        out: list[Piece] = []
        source = to_c(text, "text")
        _, opts = speech_params(self._open_handle(), params, "pieces")
        roles = {name: None for name in params.get("cast") or {}}
        _set_cast(opts, roles)

        def work(job: Job, _session: c_void_p) -> None:
            script = c_void_p()
            piece = t.Piece()
            call(lib.echo_script_open, byref(script), self._handle, source, byref(opts))
            while not job.stopped and lib.echo_script_next(script, byref(piece)):
                out.append(piece_of(piece, spoken=False))
            lib.echo_script_close(byref(script))

        attend(self._job(work))
        return out


class Stream(Iterator[Sound]):
    """Speech on its way: an iterator of arrays, made by Model.stream().

    close() it, use it in a `with`, or read it to its end.  report has what is known so far.
    """

    def __init__(
        self,
        model: Model,
        text: str,
        voice: AnyVoice | None,
        options: Mapping[str, Any],
        on_progress: OnProgress | None,
        whole: bool,
    ) -> None:
        """See Model.say() and Model.stream()."""
        source = to_c(text, "text")
        params, opts = speech_params(
            model._open_handle(), options, "say" if whole else "stream")
        opts.stream = not whole
        narrator = None if voice is None else model.voice(voice)
        roles = {name: None if one is None else model.voice(one)
                 for name, one in (options.get("cast") or {}).items()}
        _set_cast(opts, roles)

        def work(job: Job, session: c_void_p) -> None:
            sink = _sink(job, on_progress is not None)
            try:
                call(lib.echo_speak, session, source, narrator and narrator._handle,
                     byref(params), byref(opts), byref(sink))
            finally:
                job.tell(stats_of(lib.echo_session_stats(session)))

        self._model = model
        self._on_progress = on_progress
        self.report = Report(seed=params.rng_seed)
        model._said.report = self.report
        self._job = model._job(work, None if whole else _AHEAD)
        self._messages = self._job.messages()
        self._job.start()

    def __next__(self) -> Sound:
        try:
            for message in self._messages:
                if isinstance(message, np.ndarray):
                    return message
                self._hear(message)
        except BaseException:
            self.close()
            raise
        raise StopIteration

    def _hear(self, message: object) -> None:
        if isinstance(message, Progress):
            if self._on_progress is not None and self._on_progress(message) is False:
                self._job.stop()
        elif isinstance(message, Piece):
            self.report.pieces.append(message)
        elif isinstance(message, Stats):
            self.report.stats = message
        elif isinstance(message, LogLine):
            if message.level == t.LOG_WARNING:
                self.report.warnings.append(message.line)
            pass_on(message)

    def close(self) -> None:
        """Stop; returns when the model has, which is within a step."""
        self._messages = iter(())
        self._job.stop()
        self._job.wait()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_job"):
            self._job.stop()


def _sink(job: Job, progress: bool) -> t.SpeakSink:
    """Callbacks that send everything to the reader."""
    stage = Progress("sample", 0, 0, 0)

    def audio(_user: object, address: int, n: int) -> bool:
        return job.tell(copy(address, n))

    def of_piece(_user: object, number: int, done: int, total: int) -> bool:
        nonlocal stage
        stage = Progress(STAGES[number], done, total, 0)
        return not job.stopped

    def overall(_user: object, share: float, left: float) -> bool:
        left_s = left if left >= 0 else None
        return job.tell(Progress(stage.stage, stage.done, stage.total, share, left_s))

    def piece(_user: object, row: Any) -> bool:
        return job.tell(piece_of(row.contents, spoken=True))

    sink = t.SpeakSink(audio=t.AUDIO(job.guard(audio)), piece=t.PIECE(job.guard(piece)),
                       log=job.logger())
    if progress:
        sink.progress = t.PROGRESS(job.guard(of_piece))
        sink.overall = t.OVERALL(job.guard(overall))
    return sink


def _set_cast(opts: t.SpeakOpts, roles: Mapping[str, Voice | None]) -> None:
    if len(roles) > t.MAX_ROLES:
        raise ArgumentError(f"the cast has {len(roles)} names, at most {t.MAX_ROLES} fit",
                            field="cast")
    rows = [t.Role(to_c(name, "cast"), voice and voice._handle) for name, voice in roles.items()]
    opts.cast = (t.Role * len(rows))(*rows)
    opts.roles = len(rows)
    opts.voices = roles  # they live as long as the options


def _lora(one: Any) -> t.Lora:
    path, scale = one if isinstance(one, tuple) else (one, 1.0)
    return t.Lora(fs_path(path, "loras"), as_float("loras", scale))


def _open(path: bytes | None, opts: t.ModelOpts, on_progress: OnProgress | None) -> c_void_p:
    handle = c_void_p()

    def work(job: Job) -> None:
        def progress(_user: object, done: float) -> bool:
            return job.tell(Progress("load", done, 1, done))

        opts.progress = t.SHARE(job.guard(progress))
        call(lib.echo_model_open, byref(handle), path, byref(opts))

    def told(message: Progress) -> object:
        return None if on_progress is None else on_progress(message)

    try:
        run(work, told=told)
    except BaseException:
        lib.echo_model_close(byref(handle))
        raise
    return handle


def _is_path(voice: str) -> bool:
    """Names have no slash; a voice file that is here is meant."""
    return "/" in voice or (voice.lower().endswith(".voice") and os.path.exists(voice))


def _warn_of_choice(name: str, owner: str) -> None:
    if os.path.isfile(name):
        pass_on(LogLine(t.LOG_WARNING, f"{name} is a voice of the {owner}, and that is taken; "
                                       f"the file of this name here is ./{name}"))
