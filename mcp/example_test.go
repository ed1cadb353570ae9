package mcp_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/mcp"
)

type addition struct {
	A int `json:"a"`
	B int `json:"b"`
}

// A service over the standard streams, as a client that starts it as a program
// sees it.
func ExampleDoor_ServeStdio() {
	svc := tandem.New("calculator", "1.0.0")
	tandem.Register(svc, tandem.Operation{Name: "add", Summary: "Add two numbers", ReadOnly: true}, func(_ context.Context, in addition) (int, error) {
		return in.A + in.B, nil
	})
	door, err := mcp.New(svc, mcp.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer door.Close()

	in := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":2,"b":3},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	var out bytes.Buffer
	if err := door.ServeStdio(context.Background(), in, &out); err != nil {
		fmt.Println(err)
	}
	fmt.Print(out.String())
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"5"}],"structuredContent":{"result":5},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"calculator","version":"1.0.0"}}}}
}
