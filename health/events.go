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
	lines *bufio.Reader
}

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{lines: bufio.NewReader(r)}
}

// next returns the next event that has data; comments and ids are skipped.
func (e *eventReader) next() (event, error) {
	current := event{name: "message"}
	for {
		line, err := e.lines.ReadBytes('\n')
		if err != nil {
			return event{}, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if current.data != nil {
				return current, nil
			}
			current = event{name: "message"}
			continue
		}
		current.add(line)
	}
}

func (e *event) add(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		e.name = string(value)
	case "data":
		if e.data != nil {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
	}
}
