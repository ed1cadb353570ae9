package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// asset is a file that is served from memory, compressed for those who take it.
type asset struct {
	kind    string // media type
	packed  []byte // gzip
	plain   []byte // nil: unpack on demand, which hardly any client needs
	version string // a digest of the content
}

var kinds = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func kindOf(name string) string {
	if kind, ok := kinds[path.Ext(name)]; ok {
		return kind
	}
	return "text/plain; charset=utf-8"
}

// newAsset compresses content.
func newAsset(name string, content []byte) *asset {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(content)
	if err == nil {
		err = z.Close()
	}
	if err != nil { // not reachable: a bytes.Buffer takes everything
		panic("tandem: compress " + name + ": " + err.Error())
	}
	return &asset{kind: kindOf(name), packed: packed.Bytes(), plain: content, version: digest(content)}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// loadAssets returns the embedded assets by name. Those that are embedded
// compressed stay so.
func loadAssets() (map[string]*asset, error) {
	assets := map[string]*asset{}
	err := fs.WalkDir(ui, "ui", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) == ".html" {
			return err
		}
		content, err := ui.ReadFile(file)
		if err != nil {
			return err
		}
		name, packed := strings.CutSuffix(path.Base(file), ".gz")
		if packed {
			assets[name] = &asset{kind: kindOf(name), packed: content, version: digest(content)}
		} else {
			assets[name] = newAsset(name, content)
		}
		return nil
	})
	return assets, err
}

// serve answers a GET or HEAD request. A URL that carries the content's version
// may be cached for ever, any other is validated each time.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Add("Vary", "Accept-Encoding") // beside what a server around it says
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	packed := takesGzip(r.Header.Get("Accept-Encoding"))
	tag := fmt.Sprintf("%q", a.version)
	if packed {
		tag = fmt.Sprintf("%q", a.version+"-gzip")
	}
	h.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content := a.packed
	if packed {
		h.Set("Content-Encoding", "gzip")
	} else {
		content = a.unpacked()
	}
	h.Set("Content-Length", fmt.Sprint(len(content)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(content) // a client that went away needs no answer
}

func (a *asset) unpacked() []byte {
	if a.plain != nil {
		return a.plain
	}
	z, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err == nil {
		var content []byte
		if content, err = io.ReadAll(z); err == nil {
			return content
		}
	}
	panic("tandem: unpack an embedded file: " + err.Error()) // not reachable: the files are part of the program
}

// takesGzip reports whether an Accept-Encoding header lists gzip without
// refusing it.
func takesGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, quality, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) == "gzip" {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(quality), "q="), 32)
			return err != nil || q > 0
		}
	}
	return false
}
