package redisstore

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/session"
)

// A sealed text opens for its purpose alone, under any of the secrets, and not
// after it was changed.
func TestSeal(t *testing.T) {
	one, both := secrets{[]byte("one")}, secrets{[]byte("two"), []byte("one")}
	sealed := string(one.seal([]byte("text"), "rerun", "a", "bc"))
	if got, ok := both.open(sealed, "rerun", "a", "bc"); !ok || string(got) != "text" {
		t.Errorf("it opens as %q, %v", got, ok)
	}
	for name, ok := range map[string]bool{
		"another purpose":         opens(one, sealed, "rerun", "a", "b"),
		"a purpose split another": opens(one, sealed, "rerun", "ab", "c"),
		"another secret":          opens(secrets{[]byte("two")}, sealed, "rerun", "a", "bc"),
		"a changed text":          opens(one, sealed+"x", "rerun", "a", "bc"),
		"a piece":                 opens(one, sealed[:20], "rerun", "a", "bc"),
		"nothing":                 opens(one, "", "rerun", "a", "bc"),
	} {
		if ok {
			t.Errorf("it opens with %s", name)
		}
	}
}

func opens(s secrets, sealed string, purpose ...string) bool {
	_, ok := s.open(sealed, purpose...)
	return ok
}

// A replica is dead after it was missing for a while without a break, at once if it
// said goodbye, and not after the engine was away.
func TestSuspicion(t *testing.T) {
	o, err := Options{Secrets: [][]byte{make([]byte, 16)}, AliveFor: 25 * time.Second}.resolved()
	if err != nil {
		t.Fatal(err)
	}
	at := func(seconds float64) time.Time { return time.Unix(1e9, 0).Add(time.Duration(seconds * 1e9)) }
	type look struct {
		after  float64 // beats are one second here
		status string
		dead   bool
	}
	for name, looks := range map[string][]look{
		"missing":         {{0, "missing", false}, {1, "missing", false}, {1.5, "missing", true}, {99, "missing", true}},
		"closed":          {{0, "closed", true}},
		"came back":       {{0, "missing", false}, {1, "alive", false}, {2, "missing", false}, {3, "missing", false}, {4, "missing", true}},
		"rose":            {{0, "missing", false}, {2, "missing", true}, {3, "alive", false}, {4, "missing", false}},
		"nobody looked":   {{0, "missing", false}, {60, "missing", false}, {61, "missing", false}, {62, "missing", true}},
		"the engine rose": {{0, "missing", false}, {1, "forgive", false}, {2, "missing", false}, {3, "missing", false}, {4, "missing", true}},
	} {
		var p peers
		for _, l := range looks {
			if l.status == "forgive" {
				p.forgive()
				continue
			}
			if got := p.see("r", l.status, at(l.after), &o); got != l.dead {
				t.Errorf("%s: dead is %v after %v s, want %v", name, got, l.after, l.dead)
			}
		}
	}
}

// A dead replica that has left no call is looked at once more before it is forgotten.
func TestClear(t *testing.T) {
	var p peers
	now := time.Unix(1e9, 0)
	if !p.unclear("r", now, time.Second) || p.clear("r", now, time.Second) {
		t.Error("it is forgotten after one look")
	}
	if p.unclear("r", now.Add(time.Second/2), time.Second) {
		t.Error("it is looked at again too soon")
	}
	later := now.Add(time.Second)
	if !p.unclear("r", later, time.Second) || !p.clear("r", later, time.Second) {
		t.Error("it is not forgotten after the second look")
	}
}

// Engines that cannot be used are told from those that can, of either name.
func TestEngineInfo(t *testing.T) {
	for text, refused := range map[string]string{
		"redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:0\r\n": "",
		"redis_version:6.2.0\r\nrole:master\r\n":                       "",
		"redis_version:7.2.4\r\nvalkey_version:8.1.0\r\n":              "",
		"redis_version:255.255.255\r\n":                                "",
		"redis_version:6.0.20\r\n":                                     "too old",
		"redis_version:5.0\r\n":                                        "too old",
		"redis_version:7.4.1\r\nrole:slave\r\n":                        "read-only",
		"redis_version:7.4.1\r\ncluster_enabled:1\r\n":                 "add ?cluster=true",
		"": "",
	} {
		err := parseInfo(text).check(false)
		if (err == nil) != (refused == "") || err != nil && !strings.Contains(err.Error(), refused) {
			t.Errorf("%q: %v, want %q", text, err, refused)
		}
	}
	if err := parseInfo("cluster_enabled:0").check(true); err == nil {
		t.Error("a single server passes for a cluster")
	}
}

// The forms of a URL, and what of it is shown.
func TestParseURL(t *testing.T) {
	for text, want := range map[string]struct {
		hosts   string
		cluster bool
		shown   string
	}{
		"redis://localhost":                         {"localhost:6379", false, "redis://localhost"},
		"redis://u:p%40@h:1/2":                      {"h:1", false, "redis://u:xxxxx@h:1"},
		"rediss://:p@ss@h1:1,h2:2,h3/":              {"h1:1 h2:2 h3:6379", true, "rediss://:xxxxx@h1:1,h2:2,h3"},
		"redis://h/?cluster=true":                   {"h:6379", true, "redis://h"},
		"redis://[::1]:7/0?cluster=false":           {"[::1]:7", false, "redis://[::1]:7"},
		"redis://onlyuser@h1,h2?cluster=true":       {"h1:6379 h2:6379", true, "redis://onlyuser:xxxxx@h1,h2"},
		"rediss://u:p@[2001:db8::1]:7,[::2]:8/?x=1": {"", false, "rediss://u:xxxxx@[2001:db8::1]:7,[::2]:8"},
	} {
		a, err := parseURL(text)
		if (err == nil) != (want.hosts != "") {
			t.Errorf("%s: %v", text, err)
		}
		if a.shown != want.shown {
			t.Errorf("%s is shown as %s, want %s", text, a.shown, want.shown)
		}
		if err == nil && (strings.Join(a.hosts, " ") != want.hosts || a.cluster != want.cluster) {
			t.Errorf("%s: hosts %v, cluster %v", text, a.hosts, a.cluster)
		}
	}
}

// What others publish on the channel, or write to a log, makes no replica fall.
func FuzzForeignText(f *testing.F) {
	s := &Store{id: "r", secrets: secrets{[]byte("secret")}}
	s.options.Logger = slog.New(slog.DiscardHandler)
	defer s.Listen(func(session.Signal) { f.Error("a signal without a seal was heard") })()
	f.Add("")
	f.Add(wakeMessage("id", "stream"))
	f.Add(endMessage("id"))
	f.Add(string(signalMark) + "x")
	f.Add("w9:x")
	f.Fuzz(func(t *testing.T, text string) {
		s.deliver(text)
		splitFields([]byte(text))
		if e, ok := decodeEvent(1, text); ok && !bytes.Equal(encodeEvent(e.Call, e.Data), []byte(text)) {
			t.Errorf("%q decodes as %+v", text, e)
		}
	})
}

// Wakes and fields come out as they went in.
func TestMessages(t *testing.T) {
	var ws watches
	wake := make(chan struct{}, 1)
	ws.add(&watch{session: "1:a", stream: ":b", wake: wake})
	s := &Store{}
	s.watches.sessions = ws.sessions
	s.deliver(wakeMessage("1:a", ":c"))
	s.deliver(wakeMessage("1:a:", "b"))
	if len(wake) != 0 {
		t.Error("another stream's wake came")
	}
	s.deliver(wakeMessage("1:a", ":b"))
	if len(wake) != 1 {
		t.Error("no wake came")
	}
	fields := []string{"", "a", "\x00", strings.Repeat("x", 300)}
	if got := splitFields(joinFields(fields...)); !slices.Equal(got, fields) {
		t.Errorf("fields come out as %q", got)
	}
}
