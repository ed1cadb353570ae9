package server

import (
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// What is served without protection is told once at the start, each in one line
// that names what to set; what is protected is not.
func TestWarnings(t *testing.T) {
	keys := []tandem.Secret{testKey}
	for name, c := range map[string]struct {
		config Config
		want   []string
	}{
		"no credentials":             {Config{}, []string{"API_KEYS"}},
		"keys":                       {Config{APIKeys: keys}, nil},
		"certificates":               {Config{Certificates: everyCertificate{}}, nil},
		"nobody let in after all":    {Config{APIKeys: keys, InsecureNoAuth: true}, []string{"INSECURE_NO_AUTH"}},
		"certificates of nobody":     {Config{APIKeys: keys, TLSFiles: TLSFiles{"c", "k", "ca"}}, []string{"TLS_CLIENT_CA_FILE"}},
		"certificates of somebody":   {Config{Certificates: everyCertificate{}, TLSFiles: TLSFiles{"c", "k", "ca"}}, nil},
		"an issuer":                  {Config{PublicURL: "https://shop.example.com", Auth: Auth{Issuer: testIssuer}}, nil},
		"an issuer nobody finds":     {Config{Auth: Auth{Issuer: testIssuer, Audiences: []string{"x"}}}, []string{"PUBLIC_URL"}},
		"clear text":                 {Config{APIKeys: keys, PublicURL: "http://shop.example.com"}, []string{"PUBLIC_URL"}},
		"clear text, this machine":   {Config{APIKeys: keys, PublicURL: "http://localhost:8000"}, nil},
		"clear text, no credentials": {Config{Addr: ":80", InsecureNoAuth: true, PublicURL: "http://shop.example.com"}, []string{"API_KEYS"}},
		"HTTPS":                      {Config{APIKeys: keys, PublicURL: "https://shop.example.com"}, nil},
		"metrics":                    {Config{APIKeys: keys, MetricsAddr: "0.0.0.0:9090"}, []string{"METRICS_ADDR"}},
		"metrics, every address":     {Config{APIKeys: keys, MetricsAddr: ":9090"}, []string{"METRICS_ADDR"}},
		"metrics, this machine":      {Config{APIKeys: keys, MetricsAddr: "127.0.0.1:9090"}, nil},
		"base path":                  {Config{APIKeys: keys, PublicURL: "https://shop.example.com/mcp"}, []string{"/mcp/mcp"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.config.withDefaults().warnings()
			if len(got) != len(c.want) {
				t.Fatalf("got %q", got)
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) || strings.Contains(got[i], "\n") {
					t.Errorf("%q does not say %q", got[i], c.want[i])
				}
			}
		})
	}
}
