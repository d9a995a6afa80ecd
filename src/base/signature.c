/* SPDX-License-Identifier: MIT */
#include "base/signature.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* At most two places of a file are looked at; of rows that fit the first counts. */
struct row {
    enum signature_kind kind;
    const char *what;
    size_t n;
    const char *bytes; /* n of them at the beginning */
    size_t at, more_n;
    const char *more; /* and more_n at `at` */
};

#define BEGINS(text)     sizeof text - 1, text, 0, 0, NULL
#define HAS(place, text) 0, "", place, sizeof text - 1, text
#define BOTH(first, place, text) \
    sizeof first - 1, first, place, sizeof text - 1, text

static const struct row rows[] = {
    { SIGNATURE_POINTER, "a Git LFS pointer", BEGINS("version https://git-lfs") },
    { SIGNATURE_SAFETENSORS, "a safetensors file", HAS(4, "\0\0\0\0{") },

    { SIGNATURE_MEDIA, "an AVI video", BOTH("RIFF", 8, "AVI ") },
    { SIGNATURE_OTHER, "a WebP picture", BOTH("RIFF", 8, "WEBP") },
    { SIGNATURE_MEDIA, "a MIDI file", BOTH("RIFF", 8, "RMID") },
    { SIGNATURE_SOUND, "a WAV file", BEGINS("RIFF") },
    { SIGNATURE_SOUND, "a WAV file", BEGINS("RIFX") },
    { SIGNATURE_SOUND, "a WAV file", BEGINS("RF64") },
    { SIGNATURE_SOUND, "a WAV file", BEGINS("BW64") },
    { SIGNATURE_SOUND, "a Wave64 file", BEGINS("riff\x2e\x91\xcf\x11") },
    { SIGNATURE_SOUND, "an AIFF file", BOTH("FORM", 8, "AIF") },
    { SIGNATURE_SOUND, "an 8SVX file", BOTH("FORM", 8, "8SVX") },
    { SIGNATURE_SOUND, "an 8SVX file", BOTH("FORM", 8, "16SV") },
    { SIGNATURE_MEDIA, "a Speex file", BOTH("OggS", 28, "Speex   ") },
    { SIGNATURE_MEDIA, "an Ogg video", BOTH("OggS", 28, "\x80theora") },
    { SIGNATURE_SOUND, "an Ogg file", BEGINS("OggS") },
    { SIGNATURE_SOUND, "a FLAC file", BEGINS("fLaC") },
    { SIGNATURE_SOUND, "an MP3 file", BEGINS("ID3") },
    { SIGNATURE_SOUND, "an MP3 file", BEGINS("APETAGEX") },
    { SIGNATURE_SOUND, "a CAF file", BEGINS("caff") },
    { SIGNATURE_SOUND, "an AU file", BEGINS(".snd") },
    { SIGNATURE_SOUND, "an AU file", BEGINS("dns.") },
    { SIGNATURE_SOUND, "a VOC file", BEGINS("Creative Voice File") },
    { SIGNATURE_SOUND, "a NIST file", BEGINS("NIST_1A") },
    { SIGNATURE_SOUND, "an IRCAM file", BEGINS("\x64\xa3") },
    { SIGNATURE_SOUND, "an IRCAM file", HAS(2, "\xa3\x64") },
    { SIGNATURE_SOUND, "a PAF file", BEGINS(" paf") },
    { SIGNATURE_SOUND, "a PAF file", BEGINS("fap ") },
    { SIGNATURE_SOUND, "a PVF file", BEGINS("PVF1") },
    { SIGNATURE_SOUND, "an XI file", BEGINS("Extended Instrument:") },
    { SIGNATURE_SOUND, "an AVR file", BEGINS("2BIT") },
    { SIGNATURE_SOUND, "a WVE file", BEGINS("ALawSoundFile**") },
    { SIGNATURE_SOUND, "a MAT file", BEGINS("MATLAB 5.0 MAT-file") },

    { SIGNATURE_OTHER, "an AVIF picture", HAS(4, "ftypavif") },
    { SIGNATURE_OTHER, "a HEIF picture", HAS(4, "ftyphei") },
    { SIGNATURE_OTHER, "a HEIF picture", HAS(4, "ftypmif1") },
    { SIGNATURE_MEDIA, "MPEG-4 audio (M4A)", HAS(4, "ftypM4A") },
    { SIGNATURE_MEDIA, "an MPEG-4 audio book (M4B)", HAS(4, "ftypM4B") },
    { SIGNATURE_MEDIA, "a QuickTime file (MOV)", HAS(4, "ftypqt") },
    { SIGNATURE_MEDIA, "a 3GP file", HAS(4, "ftyp3g") },
    { SIGNATURE_MEDIA, "an MPEG-4 file (MP4 or M4A)", HAS(4, "ftyp") },
    { SIGNATURE_MEDIA, "a QuickTime file (MOV)", HAS(4, "moov") },
    { SIGNATURE_MEDIA, "a QuickTime file (MOV)", HAS(4, "mdat") },
    { SIGNATURE_MEDIA, "a QuickTime file (MOV)", HAS(4, "wide") },
    { SIGNATURE_MEDIA, "AAC audio", BEGINS("\xff\xf1") },
    { SIGNATURE_MEDIA, "AAC audio", BEGINS("\xff\xf9") },
    { SIGNATURE_MEDIA, "AAC audio", BEGINS("\xff\xf0") },
    { SIGNATURE_MEDIA, "AAC audio", BEGINS("\xff\xf8") },
    { SIGNATURE_MEDIA, "AAC audio", BEGINS("ADIF") },
    { SIGNATURE_MEDIA, "a Windows Media file (WMA, WMV)", BEGINS("\x30\x26\xb2\x75\x8e\x66") },
    { SIGNATURE_MEDIA, "a WebM or Matroska file", BEGINS("\x1a\x45\xdf\xa3") },
    { SIGNATURE_MEDIA, "an AMR file", BEGINS("#!AMR") },
    { SIGNATURE_MEDIA, "AC-3 audio", BEGINS("\x0b\x77") },
    { SIGNATURE_MEDIA, "DTS audio", BEGINS("\x7f\xfe\x80\x01") },
    { SIGNATURE_MEDIA, "a DSD file", BEGINS("DSD ") },
    { SIGNATURE_MEDIA, "a DSD file", BEGINS("FRM8") },
    { SIGNATURE_OTHER, "a MIDI file, notes without sound", BEGINS("MThd") },
    { SIGNATURE_MEDIA, "a Musepack file", BEGINS("MPCK") },
    { SIGNATURE_MEDIA, "a Musepack file", BEGINS("MP+") },
    { SIGNATURE_MEDIA, "a Monkey's Audio file (APE)", BEGINS("MAC ") },
    { SIGNATURE_MEDIA, "a WavPack file", BEGINS("wvpk") },
    { SIGNATURE_MEDIA, "a True Audio file (TTA)", BEGINS("TTA1") },
    { SIGNATURE_MEDIA, "an OptimFROG file", BEGINS("OFR ") },
    { SIGNATURE_MEDIA, "a RealMedia file", BEGINS(".RMF") },
    { SIGNATURE_MEDIA, "a RealAudio file", BEGINS(".ra\xfd") },
    { SIGNATURE_MEDIA, "a Flash video", BEGINS("FLV\x01") },
    { SIGNATURE_MEDIA, "an MPEG video", BEGINS("\0\0\x01\xba") },
    { SIGNATURE_MEDIA, "an MPEG video", BEGINS("\0\0\x01\xb3") },

    { SIGNATURE_NUMBERS, "a ZIP or PyTorch archive", BEGINS("PK\003\004") },
    { SIGNATURE_NUMBERS, "an old PyTorch file or a pickle", BEGINS("\x80\x02") },
    { SIGNATURE_NUMBERS, "a pickle", BEGINS("\x80\x03") },
    { SIGNATURE_NUMBERS, "a pickle", BEGINS("\x80\x04\x95") },
    { SIGNATURE_NUMBERS, "a pickle", BEGINS("\x80\x05\x95") },
    { SIGNATURE_NUMBERS, "a NumPy array (.npy)", BEGINS("\x93NUMPY") },
    { SIGNATURE_NUMBERS, "an HDF5 file", BEGINS("\x89HDF\r\n") },
    { SIGNATURE_OTHER, "a GGUF file", BEGINS("GGUF") },

    { SIGNATURE_PAGE, "a web page", BEGINS("<") },
    { SIGNATURE_OTHER, "a PDF file", BEGINS("%PDF") },
    { SIGNATURE_OTHER, "a PNG picture", BEGINS("\x89PNG") },
    { SIGNATURE_OTHER, "a JPEG picture", BEGINS("\xff\xd8\xff") },
    { SIGNATURE_OTHER, "a GIF picture", BEGINS("GIF8") },
    { SIGNATURE_OTHER, "a TIFF picture", BEGINS("II*\0") },
    { SIGNATURE_OTHER, "a TIFF picture", BEGINS("MM\0*") },
    { SIGNATURE_OTHER, "an archive (gzip)", BEGINS("\x1f\x8b") },
    { SIGNATURE_OTHER, "an archive (bzip2)", BEGINS("BZh") },
    { SIGNATURE_OTHER, "an archive (xz)", BEGINS("\xfd\x37zXZ") },
    { SIGNATURE_OTHER, "an archive (zstd)", BEGINS("\x28\xb5\x2f\xfd") },
    { SIGNATURE_OTHER, "an archive (7z)", BEGINS("7z\xbc\xaf\x27\x1c") },
    { SIGNATURE_OTHER, "an archive (RAR)", BEGINS("Rar!") },
    { SIGNATURE_OTHER, "an archive (tar)", HAS(257, "ustar") },
    { SIGNATURE_OTHER, "a program", BEGINS("\177ELF") },
    { SIGNATURE_OTHER, "a program", BEGINS("MZ\x90") },
    { SIGNATURE_OTHER, "an SQLite database", BEGINS("SQLite format 3") },
};

static bool fits(const struct row *r, const char *head, size_t n)
{
    if (n < r->n || memcmp(head, r->bytes, r->n))
        return false;
    return !r->more_n ||
           (n >= r->at + r->more_n && !memcmp(head + r->at, r->more, r->more_n));
}

/* Something with "needle" in the names of an archive's first entry. */
static bool first_entry_has(const char *head, size_t n, const char *needle)
{
    size_t names = 30, length;

    if (n < names)
        return false;
    length = (unsigned char)head[26] | (size_t)(unsigned char)head[27] << 8;
    return names + length <= n && memmem(head + names, length, needle, strlen(needle));
}

/* No control character but those of lines, no byte that UTF-8 does not have. */
static bool is_text(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < ' ' && !(p[i] >= '\t' && p[i] <= '\r')) || p[i] == 127 || p[i] >= 0xf8 ||
            p[i] == 0xc0 || p[i] == 0xc1)
            return false;
    return n > 0;
}

static struct signature of_text(const char *head, size_t n)
{
    size_t mark = n >= 3 && !memcmp(head, "\xef\xbb\xbf", 3) ? 3 : 0, at = mark;

    while (at < n && strchr(" \t\r\n", head[at]))
        at++;
    if (at < n && head[at] == '<')
        return (struct signature){ SIGNATURE_PAGE, "a web page", n };
    if (at < n && (head[at] == '{' || head[at] == '['))
        return (struct signature){ SIGNATURE_OTHER, "JSON", n };
    return (struct signature){ SIGNATURE_OTHER, "plain text", n };
}

struct signature echo_signature(const void *data, size_t n)
{
    const char *head = data;
    const unsigned char *bytes = data;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!fits(&rows[i], head, n))
            continue;
        if (!strncmp(rows[i].bytes, "PK\003\004", 4) && first_entry_has(head, n, "data.pkl"))
            return (struct signature){ SIGNATURE_NUMBERS, "a PyTorch file (.pt)", n };
        if (!strncmp(rows[i].bytes, "PK\003\004", 4) && first_entry_has(head, n, ".npy"))
            return (struct signature){ SIGNATURE_NUMBERS, "an archive of NumPy arrays (.npz)",
                                       n };
        return (struct signature){ rows[i].kind, rows[i].what, rows[i].n + rows[i].more_n };
    }
    if (n >= 2 && bytes[0] == 0xff && (bytes[1] & 0xe0) == 0xe0 && (bytes[1] & 6))
        return (struct signature){ SIGNATURE_MPEG, "an MP3 file", 2 };
    if (is_text(bytes, n < SIGNATURE_BYTES ? n : SIGNATURE_BYTES))
        return of_text(head, n);
    return (struct signature){ 0 };
}

void echo_signature_line(char *out, size_t size, struct signature s, const char *wanted)
{
    if (s.kind == SIGNATURE_POINTER)
        snprintf(out, size, "%s, not the file itself; use git lfs pull", s.what);
    else
        snprintf(out, size, "%s, not %s%s", s.what, wanted,
                 s.kind == SIGNATURE_PAGE ? "; download it again" : "");
}
