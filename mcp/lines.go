package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
)

// line is one line of input, or why there is none.
type line struct {
	data []byte
	err  error
}

var errLineTooLong = errors.New("mcp: the line is too long")

// readLines sends each line of in that is not blank, then why there are no more.
func readLines(ctx context.Context, in io.Reader, limit int64, lines chan<- line) {
	r := bufio.NewReader(in)
	for {
		data, err := readLine(r, limit)
		last := err != nil && !errors.Is(err, errLineTooLong)
		if len(data) > 0 || err != nil && !(last && errors.Is(err, io.EOF)) {
			l := line{data: data, err: err}
			if errors.Is(err, io.EOF) {
				l.err = nil // a last line without its end
			}
			if !sendLine(ctx, lines, l) {
				return
			}
		}
		if last {
			sendLine(ctx, lines, line{err: err})
			return
		}
	}
}

func sendLine(ctx context.Context, lines chan<- line, l line) bool {
	select {
	case lines <- l:
		return true
	case <-ctx.Done():
		return false
	}
}

// readLine returns the next line without white space around it, in memory of its
// own. Of a line over the limit nothing is kept.
func readLine(r *bufio.Reader, limit int64) ([]byte, error) {
	var data []byte
	tooLong := false
	for {
		part, err := r.ReadSlice('\n')
		if tooLong = tooLong || int64(len(data)+len(part)) > limit+1; tooLong {
			data = nil
		} else {
			data = append(data, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLineTooLong
		default:
			return bytes.TrimSpace(data), err
		}
	}
}
