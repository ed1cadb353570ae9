package tandem_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// A secret shows in no way in which a program prints, logs or encodes values.
func TestSecretIsRedacted(t *testing.T) {
	const s = tandem.Secret("hush")
	in := struct {
		Key  tandem.Secret
		Keys []tandem.Secret
		Map  map[string]tandem.Secret
	}{s, []tandem.Secret{s}, map[string]tandem.Secret{"a": s}}
	var out bytes.Buffer
	pointed := s
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		if strings.Contains(verb, "%T") {
			fmt.Fprintf(&out, verb, s, &pointed)
			continue
		}
		fmt.Fprintf(&out, verb+"\n"+verb+"\n", s, in)
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "key", s, "all", in, "error", fmt.Errorf("bad key %v", s))
	}
	if text := out.String(); strings.Contains(text, "hush") || strings.Contains(text, "68757368") || !strings.Contains(text, "[redacted]") {
		t.Errorf("it shows:\n%s", text)
	}
	if s.Reveal() != "hush" || tandem.Secret("").String() != "" {
		t.Error("it cannot be told what it is")
	}
	var back tandem.Secret
	if err := json.Unmarshal([]byte(`"hush"`), &back); err != nil || back != s {
		t.Errorf("decoded: %v", err)
	}
}
