package tandem_test

import (
	"encoding/json"
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
