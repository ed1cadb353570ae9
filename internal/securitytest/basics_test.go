package securitytest

import "testing"

// The harness itself: a good caller gets its result on every door.
func TestGoodCallers(t *testing.T) {
	for _, d := range everyDoor {
		t.Run(d.name, func(t *testing.T) {
			w := newWorld(t)
			alice := w.people.add("alice-token", "alice", read)
			c, o := d.open(t, w, alice)
			if c == nil {
				t.Fatalf("no conversation: %s", o)
			}
			if o := c.call(alice, "read_note", `{"id":"7"}`); !o.ok() || string(o.result) != `{"id":"7","text":"text of 7"}` {
				t.Errorf("%s: %s", o.result, o)
			}
			if n := len(w.ledger.all()); n != 1 {
				t.Errorf("%d handlers ran", n)
			}
		})
	}
}
