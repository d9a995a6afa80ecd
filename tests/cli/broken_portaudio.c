/* SPDX-License-Identifier: MIT */
/* broken_portaudio.c - a libportaudio.so.2 that lacks what we call, as an old one would. */
int Pa_GetVersion(void);

int Pa_GetVersion(void)
{
    return 0;
}
