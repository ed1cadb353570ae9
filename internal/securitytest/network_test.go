package securitytest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var loopbackNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// failuresAllowed is how many refused credentials an address may try at once.
const failuresAllowed = 60

// addressOf returns the i-th address of a documentation network.
func addressOf(i int) (string, error) {
	if i > 254 {
		return "", fmt.Errorf("there is no address %d", i)
	}
	return fmt.Sprintf("198.51.100.%d", i), nil
}

func newListener(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// dial opens a connection that is closed when t ends.
func (w *world) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", w.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// sendRaw sends a request as it is written, with a Host if it has none, and reads
// one answer.
func (w *world) sendRaw(t testing.TB, head, body string) outcome {
	t.Helper()
	conn := w.dial(t)
	if !strings.Contains(head, "\r\nHost:") {
		head += "Host: " + w.address() + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"+body); err != nil {
		t.Errorf("write: %v", err)
	}
	return readAnswer(t, bufio.NewReader(conn))
}

// readAnswer reads one answer from a connection; the zero outcome if there is none.
func readAnswer(t testing.TB, r *bufio.Reader) outcome {
	t.Helper()
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return outcome{}
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body) // an answer that is cut short has what came of it
	return outcome{status: response.StatusCode, header: response.Header, body: string(body)}
}
