/* SPDX-License-Identifier: MIT */
/*
 * torch.h - the tensors of a file by torch.save(), as if it were a safetensors file.
 *
 * Such a file is a ZIP archive: NAME/data.pkl, a pickle of what was saved, and
 * NAME/data/0, 1, ..., the numbers.  A tensor is a view of one of these.
 */
#ifndef ECHO_TORCH_H
#define ECHO_TORCH_H

#include "weights/safetensors.h"

/* Is a file with these first bytes one of PyTorch's, of whatever age? */
bool echo_torch_claims(const void *head, size_t bytes);

/*
 * As echo_safetensors_parse(), and closed alike.  The tensors are those under "model",
 * "state_dict", "ema" or another usual key, or those of the file itself; `taken` says which.
 * Tensors that lie in the file row by row are used there; others (transposed ones, slices) are
 * copied.  ECHO_ERR_FILE for old formats, and for all that is more than tensors.
 */
echo_status echo_torch_parse(struct safetensors **out, const char *path, const void *data,
                             size_t bytes, echo_error *err);

#endif
