package securitytest

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/auth/introspection"
	"github.com/tandem-go/tandem/auth/jwt"
	"github.com/tandem-go/tandem/server"
)

var verifierCases = []securityCase{
	{16, "storm_of_unknown_kids", wireDoors, testKidStorm},
	{17, "rotation_after_a_storm", wireDoors, testRotation},
	{18, "withdrawn_key", wireDoors, testWithdrawnKey},
	{19, "keys_cannot_be_fetched", wireDoors, testKeysDown},
	{20, "introspection_fails", wireDoors, testIntrospectionDown},
	{21, "revoked_token", wireDoors, testRevokedToken},
	{22, "flood_of_unknown_tokens", wireDoors, testTokenFlood},
	{23, "api_keys", wireDoors, testKeys},
}

// verifyWith makes v the verifier of a server, which believes its clients about
// where they come from.
func verifyWith(v func(c *server.Config) auth.Verifier) func(*server.Config) {
	return func(c *server.Config) {
		c.Verifier = v(c)
		c.TrustedProxies = loopbackNetworks
	}
}

// newJWT returns a verifier of the forge's tokens with its own times.
func newJWT(t testing.TB, f *forge, times jwt.Config) *jwt.Verifier {
	t.Helper()
	times.Issuer, times.JWKSURL, times.Audiences = f.server.URL, f.server.URL+keyPath, []string{f.audience}
	times.Logger = slog.New(slog.DiscardHandler)
	v, err := jwt.New(times)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func serveJWT(t testing.TB, f *forge, times jwt.Config) *world {
	t.Helper()
	v := newJWT(t, f, times)
	return newWorld(t, verifyWith(func(*server.Config) auth.Verifier { return v }))
}

// from returns the credentials as those of the i-th client behind a proxy.
func (c credentials) from(i int) credentials {
	return c.with("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", 1+i>>16, i>>8&255, i&255))
}

// storm does it n times, with some at a time.
func storm(n int, do func(i int)) {
	var next atomic.Int64
	var done sync.WaitGroup
	for range 16 {
		done.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				do(i)
			}
		})
	}
	done.Wait()
}

// unknownKid is a token whose key nobody has.
func (f *forge) unknownKid(i int) string {
	header := f.header().with("kid", quote(fmt.Sprintf("kid-%d", i))).json()
	return sign(header, f.claims().json(), func(string) []byte { return make([]byte, 256) })
}

// However many keys tokens name, the issuer is asked once per gap, and good
// tokens pass meanwhile.
func testKidStorm(p *probe) {
	const gap = 200 * time.Millisecond
	f := newForge(p)
	w := serveJWT(p, f, jwt.Config{Gap: gap, RefreshEvery: time.Hour})
	good := bearer(f.good())
	c := p.open(w, good)
	p.accepts("before the storm", c.call(good, "read_note", `{}`))
	start, fetched := time.Now(), f.fetches()
	size := stormSize
	if p.door.is(legacyDoors) { // which differ in nothing that a storm would show
		size /= 5
	}
	storm(size, func(i int) {
		if i%50 == 0 {
			p.accepts("within the storm", c.call(good, "read_note", `{}`))
			return
		}
		p.refuses("an unknown kid", c.call(bearer(f.unknownKid(i)).from(i), "read_note", `{}`), http.StatusUnauthorized, http.StatusServiceUnavailable)
	})
	most := int(time.Since(start)/gap) + 1
	p.refused(f.fetches()-fetched <= most, "the keys were fetched %d times in %d gaps", f.fetches()-fetched, most)
}

// A new key is found within the gap, also right after a storm.
func testRotation(p *probe) {
	f := newForge(p)
	w := serveJWT(p, f, jwt.Config{Gap: 200 * time.Millisecond, RefreshEvery: time.Hour})
	good := bearer(f.good())
	c := p.open(w, good)
	p.accepts("the old key", c.call(good, "read_note", `{}`))
	storm(50, func(i int) {
		p.refuses("an unknown kid", c.call(bearer(f.unknownKid(i)).from(i), "read_note", `{}`), http.StatusUnauthorized, http.StatusServiceUnavailable)
	})
	f.publish(append(f.publicKeys(), rsaJWK("rsa-2", &keys().other.PublicKey))...)
	fetched, tries := f.fetches(), 0
	token := bearer(sign(f.header().with("kid", `"rsa-2"`).json(), f.claims().json(), withRSA(keys().other)))
	eventually(p, "the new key is accepted", func() bool {
		tries++
		return c.call(token.from(1000+tries), "read_note", `{}`).ok()
	})
	p.refused(f.fetches()-fetched <= 1, "the first look after the rotation did not find the key, but the %dth", f.fetches()-fetched)
	p.accepts("the old key beside it", c.call(good, "read_note", `{}`))
}

// A key that is not published any more is good until the keys are fetched again,
// tokens that were seen before included.
func testWithdrawnKey(p *probe) {
	f := newForge(p)
	w := serveJWT(p, f, jwt.Config{Gap: 50 * time.Millisecond, RefreshEvery: 200 * time.Millisecond})
	staying := bearer(sign(f.header().with("alg", `"ES256"`, "kid", quote(ecKey)).json(), f.claims().json(), withEC))
	withdrawn := bearer(f.good())
	c := p.open(w, staying)
	p.accepts("while it is published", c.call(withdrawn, "read_note", `{}`))
	f.publish(ecJWK(ecKey))
	var last outcome
	eventually(p, "the withdrawn key is refused", func() bool {
		last = c.call(withdrawn, "read_note", `{}`)
		return !last.ok()
	})
	p.refuses("the withdrawn key", last, http.StatusUnauthorized)
	p.accepts("the other key", c.call(staying, "read_note", `{}`))
}

// keyFaults are ways in which the keys cannot be had.
var keyFaults = map[string]http.HandlerFunc{
	"500":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	"empty":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
	"nothing": func(http.ResponseWriter, *http.Request) {},
	"no keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"error":"sorry"}`)) },
	"HTML":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`<html>`)) },
	"huge": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(" ", 8<<20) + `]}`))
	},
	"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/evil", http.StatusFound) },
	"cut":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
}

// While the keys cannot be fetched, the last good ones count, for a while; then
// there is no verdict. Nobody is told that the token is bad.
func testKeysDown(p *probe) {
	var all sync.WaitGroup
	for name, fault := range keyFaults {
		all.Go(func() {
			for maxStale := 4 * time.Second; !p.keysDown(name, fault, maxStale); maxStale *= 4 {
			}
		})
	}
	all.Wait()
}

// keysDown is one kind of failure. It returns false if the machine was too slow to
// see what happens before maxStale.
func (p *probe) keysDown(name string, fault http.HandlerFunc, maxStale time.Duration) bool {
	f := newForge(p)
	w := serveJWT(p, f, jwt.Config{Gap: 50 * time.Millisecond, RefreshEvery: 100 * time.Millisecond, MaxStale: maxStale})
	good := bearer(f.good())
	c := p.open(w, good)
	p.accepts(name+": before", c.call(good, "read_note", `{}`))
	lastGood := time.Now() // the last good keys are no younger than a refresh before this
	published := f.document
	f.answer(fault)
	fetched := f.fetches()
	slow := false
	eventually(p, name+": it is tried again", func() bool {
		o := c.call(good, "read_note", `{}`)
		if slow = !o.ok() && time.Since(lastGood) > maxStale/2; slow {
			return true
		}
		p.accepts(name+": with the last good keys", o)
		return f.fetches() > fetched
	})
	if slow {
		return false
	}
	var last outcome
	eventually(p, name+": the last good keys are too old", func() bool {
		last = c.call(good, "read_note", `{}`)
		return !last.ok()
	})
	p.refuses(name+": without keys", last, http.StatusServiceUnavailable)
	p.refused(last.header.Get("Retry-After") != "" && !strings.Contains(last.body, f.server.URL), "%s: %v %s", name, last.header, last.body)
	p.refused(f.others() == 0, "%s: it was led elsewhere", name)
	f.answer(published)
	eventually(p, name+": it works again", func() bool { return c.call(good, "read_note", `{}`).ok() })
	return true
}

// authority is an authorization server that introspects.
type authority struct {
	server *httptest.Server

	mu     sync.Mutex
	answer func(token string) (status int, body string)
	asked  map[string]int
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{asked: map[string]int{}}
	a.reply(func(token string) (int, string) {
		if !strings.HasPrefix(token, "good") {
			return http.StatusOK, `{"active":false}`
		}
		return http.StatusOK, active(token)
	})
	a.server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.server.Close)
	return a
}

// active is the answer about a good token, whose subject it names.
func active(token string) string {
	return fmt.Sprintf(`{"active":true,"sub":%q,"aud":"https://notes.example/mcp","scope":%q,"exp":%s}`, token, read, after(time.Hour))
}

func (a *authority) reply(answer func(token string) (int, string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

// questions returns how many were asked.
func (a *authority) questions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, count := range a.asked {
		n += count
	}
	return n
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("token")
	a.mu.Lock()
	a.asked[token]++
	answer := a.answer
	a.mu.Unlock()
	status, body := answer(token)
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(body, "<") {
		w.Header().Set("Content-Type", "text/html")
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // whoever asked may be gone
}

func serveIntrospection(t testing.TB, a *authority, c introspection.Config) *world {
	t.Helper()
	c.URL, c.ClientID, c.ClientSecret = a.server.URL, "service", "hush"
	c.Audiences = []string{"https://notes.example/mcp"}
	c.Logger = slog.New(slog.DiscardHandler)
	v, err := introspection.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return newWorld(t, verifyWith(func(*server.Config) auth.Verifier { return v }))
}

// introspectionFaults are answers that say nothing about a token.
var introspectionFaults = map[string]struct {
	status int
	body   string
}{
	"500":             {500, `{"active":true,"sub":"alice"}`},
	"503":             {503, ""},
	"404":             {404, "<html>"},
	"401":             {401, `{"error":"invalid_client"}`},
	"a redirect":      {302, ""},
	"HTML":            {200, "<html>"},
	"nothing":         {200, ""},
	"active as text":  {200, `{"active":"true","sub":"alice"}`},
	"active as 1":     {200, `{"active":1,"sub":"alice"}`},
	"active null":     {200, `{"active":null,"sub":"alice"}`},
	"active twice":    {200, `{"active":false,"active":true,"sub":"alice"}`},
	"no active":       {200, `{"sub":"alice"}`},
	"a list":          {200, `[{"active":true}]`},
	"two documents":   {200, `{"active":true,"sub":"alice"}{}`},
	"cut":             {200, `{"active":true,"sub":"al`},
	"a huge document": {200, `{"active":true,"x":"` + strings.Repeat("x", 8<<20) + `"}`},
}

// Without an answer nobody comes in, and nobody is told that the token is bad.
func testIntrospectionDown(p *probe) {
	a := newAuthority(p)
	w := serveIntrospection(p, a, introspection.Config{})
	good := bearer("good-1")
	c := p.open(w, good)
	p.accepts("an active token", c.call(good, "read_note", `{}`))
	p.refuses("an inactive one", c.call(bearer("bad-1"), "read_note", `{}`), http.StatusUnauthorized)
	ran, i := len(w.ledger.all()), 0
	for name, fault := range introspectionFaults {
		i++
		a.reply(func(string) (int, string) { return fault.status, fault.body })
		o := c.call(bearer(fmt.Sprintf("good-%s-%d", "x", i)), "read_note", `{}`)
		p.refuses(name, o, http.StatusServiceUnavailable)
		p.refused(o.header.Get("Retry-After") != "" && !strings.Contains(o.body, a.server.URL), "%s: %v %s", name, o.header, o.body)
	}
	a.server.CloseClientConnections()
	a.server.Listener.Close()
	p.refuses("nobody there", c.call(bearer("good-y"), "read_note", `{}`), http.StatusServiceUnavailable)
	p.refused(len(w.ledger.all()) == ran, "a handler ran")
}

// A token that was revoked is refused once its answer is too old, also if there
// is no newer one to be had.
func testRevokedToken(p *probe) {
	const ttl = 200 * time.Millisecond
	for name, want := range map[string]int{"revoked": http.StatusUnauthorized, "unanswered": http.StatusServiceUnavailable} {
		a := newAuthority(p)
		w := serveIntrospection(p, a, introspection.Config{CacheTTL: ttl, NegativeTTL: ttl})
		good, other := bearer("good-1"), bearer("good-2")
		c := p.open(w, good)
		p.accepts("before", c.call(good, "read_note", `{}`))
		a.reply(func(token string) (int, string) {
			switch {
			case name == "unanswered":
				return http.StatusBadGateway, ""
			case token == "good-1":
				return http.StatusOK, `{"active":false}`
			}
			return http.StatusOK, active(token)
		})
		changed := time.Now()
		var last outcome
		var lastGood time.Time
		eventually(p, name+": the token is refused", func() bool {
			started := time.Now()
			if last = c.call(good, "read_note", `{}`); last.ok() {
				lastGood = started
			}
			return !last.ok()
		})
		p.refuses(name, last, want)
		p.refused(lastGood.Sub(changed) <= ttl, "%s: it was good for %v more", name, lastGood.Sub(changed))
		if name == "revoked" {
			p.accepts("another token", p.open(w, other).call(other, "read_note", `{}`))
		}
	}
}

// Who tries many tokens is told to slow down, and the authorization server is
// asked about few of them; others are served meanwhile.
func testTokenFlood(p *probe) {
	const burst = 20
	a := newAuthority(p)
	w := serveIntrospection(p, a, introspection.Config{UnknownBurst: burst, UnknownPerSecond: 0.01})
	good, late := bearer("good-1").from(1), bearer("good-2").from(2)
	c := p.open(w, good)
	p.accepts("before", c.call(good, "read_note", `{}`))
	asked := a.questions()
	var limited atomic.Int64
	storm(200, func(i int) {
		o := w.strangerOn(p, bearer(fmt.Sprintf("bad-%d", i)).from(1))
		if o.status == http.StatusTooManyRequests {
			limited.Add(1)
		}
		p.refuses("a random token", o, http.StatusUnauthorized, http.StatusTooManyRequests)
	})
	p.refused(limited.Load() >= 200-burst-5, "%d of 200 were told to slow down", limited.Load())
	p.refused(a.questions()-asked <= burst+5, "the authorization server was asked %d times", a.questions()-asked)
	p.accepts("a known token from the same source", c.call(good, "read_note", `{}`))
	p.accepts("a new token from elsewhere", p.open(w, late).call(late, "read_note", `{}`))
}

// API keys are looked up by their id and compared as digests: whatever is wrong
// with one, the answer is the same, and the file tells no key.
func testKeys(p *probe) {
	path := filepath.Join(p.TempDir(), "keys")
	file := apikey.NewFile(path, apikey.Options{Logger: slog.New(slog.DiscardHandler)})
	p.Cleanup(func() { _ = file.Close() })
	w := newWorld(p, verifyWith(func(*server.Config) auth.Verifier { return apikey.New(file) }))
	alice := w.newKey(p, file, apikey.Wanted{Name: "alice", Scopes: []string{read}})
	mallory := w.newKey(p, file, apikey.Wanted{Name: "mallory", Scopes: []string{read}})
	c := p.open(w, bearer(alice))
	p.accepts("a good key", c.call(bearer(alice), "read_note", `{}`))
	p.refuses("a scope that it lacks", c.call(bearer(alice), "edit_note", `{}`), http.StatusForbidden)
	p.accepts("before the revocation", p.open(w, bearer(mallory)).call(bearer(mallory), "read_note", `{}`))
	if _, _, err := apikey.Revoke(p.Context(), file, "mallory"); err != nil {
		p.Fatal(err)
	}
	eventually(p, "the revoked key is refused", func() bool { return w.strangerOn(p, bearer(mallory)).status == http.StatusUnauthorized })
	var want string
	for name, key := range map[string]string{
		"revoked": mallory, "unknown id": rekey(alice, 4), "wrong secret": rekey(alice, 20), "cut": alice[:len(alice)-1], "longer": alice + "0",
		"the id alone": alice[:14], "the prefix": apikey.Prefix, "another case": strings.ToUpper(alice), "another prefix": "sk" + alice[3:], "a digest": strings.Repeat("ab", 32),
	} {
		o := c.call(bearer(key), "read_note", `{}`)
		p.refuses(name, o, http.StatusUnauthorized)
		if want == "" {
			want = o.body
		}
		p.refused(o.body == want, "%s: the answer differs: %s", name, o.body)
	}
	kept := string(must(os.ReadFile(path)))
	for _, key := range []string{alice, mallory} {
		secret := key[strings.LastIndexByte(key, '_')+1:]
		p.refused(!strings.Contains(kept, secret) && !strings.Contains(w.journal.String(), secret), "a key is in the file or in the log")
	}
}

func (w *world) newKey(p *probe, k apikey.Keeper, wanted apikey.Wanted) string {
	p.Helper()
	key, _, err := apikey.Create(p.Context(), k, wanted)
	if err != nil {
		p.Fatal(err)
	}
	return key.Reveal()
}

// rekey changes the character at a place.
func rekey(key string, at int) string {
	c := byte('a')
	if key[at] == c {
		c = 'b'
	}
	return key[:at] + string(c) + key[at+1:]
}
