package difftest

import (
	"bufio"
	"io"
	"iter"
	"strings"
	"testing"
)

// events yields the data of each server-sent event that has any.
func events(t *testing.T, body io.Reader) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data:")
			data = strings.TrimSpace(data)
			if ok && data != "" && !yield([]byte(data)) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("read events: %v", err)
		}
	}
}
