package server

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

func fileWith(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A secret comes from its variable as it is, or from a file without the newline
// that editors put at its end.
func TestLookupSecret(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"nothing":              {nil, ""},
		"both empty":           {map[string]string{"KEY": "", "KEY_FILE": ""}, ""},
		"variable":             {map[string]string{"KEY": " hush "}, " hush "},
		"file":                 {map[string]string{"KEY_FILE": fileWith(t, "hush")}, "hush"},
		"file, newline":        {map[string]string{"KEY_FILE": fileWith(t, "hush\n")}, "hush"},
		"file, CRLF":           {map[string]string{"KEY_FILE": fileWith(t, "hush\r\n")}, "hush"},
		"file, one of several": {map[string]string{"KEY_FILE": fileWith(t, "a\nb\n\n")}, "a\nb\n"},
		"file, empty variable": {map[string]string{"KEY": "", "KEY_FILE": fileWith(t, "hush")}, "hush"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := LookupSecret(env(c.env), "KEY")
			if err != nil || got.Reveal() != c.want {
				t.Errorf("got %q, %v", got.Reveal(), err)
			}
		})
	}
}

// What cannot be the secret that was meant is refused, by the names of the variable
// and the path, and without the secret.
func TestLookupSecretRefuses(t *testing.T) {
	for name, c := range map[string]struct{ value, path, says string }{
		"both":      {"hush", fileWith(t, "hush"), "KEY and KEY_FILE are both set"},
		"missing":   {"", filepath.Join(t.TempDir(), "nowhere"), "no such file"},
		"folder":    {"", t.TempDir(), "is a directory"},
		"empty":     {"", fileWith(t, "\n"), "empty"},
		"blank":     {"", fileWith(t, " \n"), "empty"},
		"too large": {"", fileWith(t, strings.Repeat("hush", largestSecret)), "more than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := LookupSecret(env(map[string]string{"KEY": c.value, "KEY_FILE": c.path}), "KEY")
			if err == nil || got != "" {
				t.Fatalf("got %q", got.Reveal())
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %q", err)
			}
			if c.value == "" && (!strings.Contains(err.Error(), "KEY_FILE") || !strings.Contains(err.Error(), c.path)) {
				t.Errorf("%q does not name the variable and the path", err)
			}
		})
	}
}

// Every secret variable of the server has its file, which counts like the variable
// and is refused like it.
func TestFromEnvSecretFiles(t *testing.T) {
	const key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	c, err := FromEnv(env(map[string]string{"STATE_KEYS_FILE": fileWith(t, key+"\n"+key+"b, "+key+"c\n")}))
	if err != nil || len(c.StateKeys) != 3 || c.StateKeys[0].Reveal() != key || c.StateKeys[2].Reveal() != key+"c" {
		t.Errorf("got %d keys, %v", len(c.StateKeys), err)
	}
	for _, v := range variables {
		if !v.file {
			continue
		}
		_, err := FromEnv(env(map[string]string{v.name: "hush", v.name + "_FILE": "/hush"}))
		if err == nil || !strings.Contains(err.Error(), v.name+"_FILE are both set") {
			t.Errorf("%s: got %v", v.name, err)
		}
		_, err = FromEnv(env(map[string]string{v.name + "_FILE": "/nowhere"}))
		if err == nil || !strings.Contains(err.Error(), v.name+"_FILE") || !strings.Contains(err.Error(), "/nowhere") {
			t.Errorf("%s: got %v", v.name, err)
		}
		if !v.secret {
			t.Errorf("%s: its value may be shown, but it comes from a file", v.name)
		}
	}
}

// However a configuration is printed or encoded, it shows no secret.
func TestConfigHidesSecrets(t *testing.T) {
	c := Config{APIKeys: []tandem.Secret{"hush-key-0123456789"}, StateKeys: []tandem.Secret{"hush-hush-hush-hush-hush-hush-hush"}}
	encoded, err := json.Marshal(struct{ Keys, States []tandem.Secret }{c.APIKeys, c.StateKeys})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%x", c.APIKeys), string(encoded)} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("it shows a secret: %s", text)
		}
	}
}
