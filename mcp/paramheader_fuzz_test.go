package mcp

import (
	"encoding/base64"
	"testing"
)

// Whatever a client mirrors in Base64 comes out as it was; a value that is not
// encoded stands for itself or is refused.
func FuzzDecodeMirror(f *testing.F) {
	for _, value := range []string{"", "eu", "Zürich", "=?base64?", "=?base64?ZXU=?=", "=?base64?ZXU?=", "a\x00b", "?="} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		encoded := "=?base64?" + base64.StdEncoding.EncodeToString([]byte(value)) + "?="
		if decoded, ok := decodeMirror(encoded); !ok || decoded != value {
			t.Errorf("%q became %q, %v", value, decoded, ok)
		}
		decoded, ok := decodeMirror(value)
		if !ok {
			return
		}
		if again, ok := decodeMirror("=?base64?" + base64.StdEncoding.EncodeToString([]byte(decoded)) + "?="); !ok || again != decoded {
			t.Errorf("%q means %q and %q", value, decoded, again)
		}
	})
}
