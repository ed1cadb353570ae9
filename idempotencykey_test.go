package tandem_test

import (
	"net/http"
	"testing"

	"github.com/tandem-go/tandem"
)

// A key comes as a quoted string or as it is; what is neither is refused, since a
// key that means something else than its sender thinks protects nothing.
func TestIdempotencyKeyFrom(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
		good   bool
	}{
		{nil, "", true},
		{[]string{`"8e03978e"`}, "8e03978e", true},
		{[]string{`8e03978e`}, "8e03978e", true},
		{[]string{` "a b" `}, "a b", true},
		{[]string{`"a\"b\\c"`}, `a"b\c`, true},
		{[]string{``}, "", false},
		{[]string{`""`}, "", false},
		{[]string{`"a`}, "", false},
		{[]string{`a"`}, "", false},
		{[]string{`"a"b"`}, "", false},
		{[]string{`"a\b"`}, "", false},
		{[]string{`a\b`}, "", false},
		{[]string{"a\x00b"}, "", false},
		{[]string{"schlüssel"}, "", false},
		{[]string{"a", "a"}, "", false},
	} {
		key, err := tandem.IdempotencyKeyFrom(http.Header{tandem.IdempotencyKeyHeader: c.values})
		if key != c.want || (err == nil) != c.good || err != nil && tandem.CodeOf(err) != tandem.InvalidArgument {
			t.Errorf("%q: %q, %v", c.values, key, err)
		}
	}
}
