package health

import (
	"bufio"
	"bytes"
	"io"
)

// event is one server-sent event.
type event struct {
	name string // "message" where the stream names none
	data []byte
}

// eventReader reads an event stream (HTML standard, section 9.2.6).
type eventReader struct {
	lines   *bufio.Reader
	current event
	lastID  string // of the stream, with which it can be resumed
}

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{lines: bufio.NewReader(r)}
}

// next returns the next event that has data; comments are skipped.
func (e *eventReader) next() (event, error) {
	e.current = event{name: "message"}
	for {
		line, err := e.lines.ReadBytes('\n')
		if err != nil {
			return event{}, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) > 0:
			e.take(line)
		case e.current.data != nil:
			return e.current, nil
		default:
			e.current = event{name: "message"}
		}
	}
}

func (e *eventReader) take(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	if string(field) == "id" {
		e.lastID = string(value)
		return
	}
	e.current.add(string(field), value)
}

func (e *event) add(field string, value []byte) {
	switch field {
	case "event":
		e.name = string(value)
	case "data":
		if e.data != nil {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
	}
}
