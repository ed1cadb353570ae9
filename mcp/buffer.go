package mcp

import "sync"

// maxPooled is the capacity in bytes over which a buffer is left to the garbage
// collector, so that one big message does not stay in memory for good.
const maxPooled = 64 << 10

type buffer struct {
	b    []byte
	kept bool // somebody goes on reading it
}

var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, 2048)} }}

func newBuffer() *buffer {
	buf := buffers.Get().(*buffer)
	buf.b = buf.b[:0]
	return buf
}

// free gives the buffer back; its bytes must not be used any more, unless it was
// kept.
func (buf *buffer) free() {
	if cap(buf.b) <= maxPooled && !buf.kept {
		buffers.Put(buf)
	}
}
