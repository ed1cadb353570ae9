package mcp

import (
	"bytes"
	"strings"
	"testing"
)

// Who announces a big body takes no memory before it sends one.
func TestAnnouncedBodyTakesNoMemory(t *testing.T) {
	var buf buffer
	if err := buf.readFrom(strings.NewReader("{}"), 4<<20); err != nil || string(buf.b) != "{}" {
		t.Fatalf("got %q, %v", buf.b, err)
	}
	if cap(buf.b) > 2*maxPooled {
		t.Errorf("%d bytes were taken for 2", cap(buf.b))
	}
}

// A body is read whole, whatever was announced.
func TestReadFrom(t *testing.T) {
	for _, size := range []int{0, 1, 2047, 2048, 2049, maxPooled - 1, maxPooled, maxPooled + 1, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		for _, announced := range []int64{-1, 0, int64(size), 4 << 20} {
			buf := newBuffer()
			if err := buf.readFrom(bytes.NewReader(want), announced); err != nil || !bytes.Equal(buf.b, want) {
				t.Errorf("%d bytes, %d announced: got %d, %v", size, announced, len(buf.b), err)
			}
			buf.free()
		}
	}
}
