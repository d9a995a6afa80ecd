/* SPDX-License-Identifier: MIT */
/* segment.glsl - the stretches of keys and values that attention looks at. */

/* struct vk_segment of vulkan.h */
struct Segment {
    Float k, v;
    uint ld_k, ld_v;
    uint keys;        /* of a branch */
    uint branch_rows; /* from one branch's to the next's; 0: all share them */
    uint seen_by;
    float scale;
};

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Segments { Segment d[]; };

#define LEAST -1e30

/* Query i stands at key i + keys - queries; p.window: 0 for all keys. */
bool is_seen(Segment s, uint query, uint key)
{
    int at = int(query) + int(s.keys) - int(p.queries);

    return key < s.keys && (p.window == 0 || (int(key) <= at && at - int(key) < p.window));
}

/* Does one of `queries` from q0 see one of `keys` from k0? */
bool any_seen(Segment s, uint q0, uint queries, uint k0, uint keys)
{
    int first = int(q0) + int(s.keys) - int(p.queries), last = first + int(queries) - 1;

    return p.window == 0 || (int(k0) <= last && first - int(k0 + keys - 1) < p.window);
}
