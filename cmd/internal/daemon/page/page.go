package page

import (
	"bytes"
	_ "embed" // for what the page consists of
	"html/template"
	"net/http"
	"sync/atomic"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
)

var (
	//go:embed page.html
	markup string
	//go:embed page.css
	style []byte
	//go:embed page.js
	script []byte
	//go:embed icon.svg
	icon []byte
)

// policy lets the page load its own style, script and picture, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	// topKeys is how many keys of each list are shown.
	topKeys = 10

	// mostRequests are answered at a time.
	mostRequests = 8
)

// Page is the handler of the page. It serves nobody until [Page.Allow] is called.
type Page struct {
	daemon  control.Daemon
	page    *template.Template
	mux     *http.ServeMux
	access  atomic.Pointer[Access]
	answers chan struct{} // holds one for each request that is being answered
}

// New returns the page of a daemon.
func New(d control.Daemon) *Page {
	p := &Page{
		daemon: d, page: template.Must(template.New("page").Parse(markup)), mux: http.NewServeMux(),
		answers: make(chan struct{}, mostRequests),
	}
	p.Allow(Off)
	api := control.Handler(d)
	p.mux.HandleFunc("GET /{$}", p.draw)
	p.mux.Handle("GET /page.css", file("text/css; charset=utf-8", style))
	p.mux.Handle("GET /page.js", file("text/javascript; charset=utf-8", script))
	p.mux.Handle("GET /icon.svg", file("image/svg+xml", icon))
	p.mux.Handle("GET /api/status", api)
	p.mux.Handle("GET /api/top", api)
	return p
}

// Allow sets who gets the page. It is safe for concurrent use.
func (p *Page) Allow(a Access) { p.access.Store(&a) }

// ServeHTTP is [http.Handler].
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if _, pattern := p.mux.Handler(r); pattern == "" {
		http.NotFound(w, r)
		return
	}
	if why := p.access.Load().refused(r); why != "" {
		http.Error(w, why+others, http.StatusForbidden)
		return
	}
	select {
	case p.answers <- struct{}{}:
		defer func() { <-p.answers }()
		p.mux.ServeHTTP(w, r)
	default:
		h.Set("Retry-After", "1")
		http.Error(w, "too many requests at a time", http.StatusServiceUnavailable)
	}
}

func (p *Page) draw(w http.ResponseWriter, r *http.Request) {
	state := p.daemon.State(r.Context())
	v := newView(state, p.daemon.Top(topKeys), p.daemon.Live.Hours(p.daemon.Status()))
	var out bytes.Buffer
	if err := p.page.Execute(&out, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w) // who has gone need not know
}

func file(kind string, content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content) // likewise
	})
}
