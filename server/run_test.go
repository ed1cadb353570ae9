package server

import (
	"net"
	"testing"
)

// What the log calls the service's address can be opened.
func TestReachable(t *testing.T) {
	for _, c := range []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}, "localhost:80"},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 8000}, "localhost:8000"},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 8000}, "[::1]:8000"},
		{&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8000}, "10.0.0.1:8000"},
		{&net.UnixAddr{Net: "unix", Name: "/run/x.sock"}, "/run/x.sock"},
	} {
		if got := reachable(c.addr); got != c.want {
			t.Errorf("%v: got %s, want %s", c.addr, got, c.want)
		}
	}
}
