package session_test

import (
	"context"
	"fmt"

	"github.com/tandem-go/tandem/session"
)

// A replica dies in the middle of a call. Another one, which holds the
// client's stream, takes the call over and answers it.
func Example() {
	ctx := context.Background()
	one := session.NewMemory(session.MemoryConfig{})
	two := one.Join()
	defer two.Close()

	_ = one.Create(ctx, session.Record{ID: "s", Principal: "alice", Transport: session.Streamable})
	call := session.CallStart{Session: "s", Stream: "a", Call: "7", Owner: "token-1", Rerun: []byte("tools/call …")}
	begun, _ := one.Begin(ctx, call)
	fmt.Println("begun:", begun.Outcome)
	one.Close()

	calls, _ := two.Calls(ctx, "s")
	fmt.Println("orphaned:", calls[0].Orphaned)
	taken, _ := two.Take(ctx, session.Takeover{Session: "s", Call: "7", From: "token-1", Owner: "token-2"})
	fmt.Printf("run again: %s\n", taken.Rerun)

	_, late := two.Append(ctx, session.Output{Session: "s", Call: "7", Owner: "token-1", Final: true}, []byte("too late"))
	fmt.Println(late)
	_, _ = two.Append(ctx, session.Output{Session: "s", Call: "7", Owner: "token-2", Final: true}, []byte("the answer"))

	page, _ := two.Read(ctx, "s", "a", 0, 16)
	for _, e := range page.Events {
		fmt.Printf("id: %s data: %s\n", session.EventID("a", e.N), e.Data)
	}
	// Output:
	// begun: new
	// orphaned: true
	// run again: tools/call …
	// session: the call is not this owner's
	// id: a_1 data: the answer
}
