package tandem_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/tandem-go/tandem"
)

// What a handler tells reaches the sink as JSON: text alone, or with its
// attributes, those without JSON as text.
func TestLog(t *testing.T) {
	tandem.Log(t.Context(), slog.LevelInfo, "nobody listens")
	var got []tandem.LogMessage
	ctx := tandem.WithLog(t.Context(), func(m tandem.LogMessage) { got = append(got, m) })
	tandem.Log(ctx, tandem.LevelNotice, "started")
	tandem.Log(ctx, slog.LevelWarn, "slow", "rows", 7, "bad", func() {}, "msg", "not this")
	if len(got) != 2 || got[0].Level != tandem.LevelNotice || string(got[0].Data) != `"started"` {
		t.Fatalf("got %+v", got)
	}
	var data struct {
		Msg  string
		Rows int
		Bad  string
	}
	if err := json.Unmarshal(got[1].Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Msg != "slow" || data.Rows != 7 || data.Bad == "" {
		t.Errorf("got %s", got[1].Data)
	}
}

// An error is told by its text, and a group as an object, as slog tells them.
func TestLogErrorsAndGroups(t *testing.T) {
	var got string
	ctx := tandem.WithLog(t.Context(), func(m tandem.LogMessage) { got = string(m.Data) })
	tandem.Log(ctx, slog.LevelError, "failed", "error", errors.New("disk full"), slog.Group("disk", "free", 0))
	if want := `{"disk":{"free":0},"error":"disk full","msg":"failed"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
