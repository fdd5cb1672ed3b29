package monitor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/health"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

const (
	// answerTimeout is how long an engine may take to answer. It does so between two
	// batches, so within microseconds.
	answerTimeout = 2 * time.Second

	// Scrapes at a time, and how long one may take.
	mostScrapes   = 4
	scrapeTimeout = 8 * time.Second
)

// NewHandler returns the handler for a service with this status and the metrics of a
// registry. All other paths are the page's.
func NewHandler(registry *prometheus.Registry, status func() service.Status, page http.Handler) http.Handler {
	h := &handler{status: status}
	mux := http.NewServeMux()
	mux.Handle("GET /", page)
	mux.HandleFunc("GET /livez", h.live)
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: mostScrapes,
		Timeout:             scrapeTimeout,
	}))
	return mux
}

type handler struct {
	status      func() service.Status
	snapshotter service.Snapshotter
}

// live asks the engines that run.
func (h *handler) live(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	var running []*pipeline.Pipeline
	for _, p := range h.status().Pipelines {
		if !p.Ended {
			running = append(running, p.Pipeline)
		}
	}
	var silent strings.Builder
	for i, a := range h.snapshotter.Snapshots(ctx, running) {
		if !a.OK {
			fmt.Fprintf(&silent, "pipeline %s does not answer\n", running[i].Name())
		}
	}
	if silent.Len() > 0 {
		answer(w, http.StatusServiceUnavailable, silent.String())
		return
	}
	answer(w, http.StatusOK, "ok\n")
}

// ready reports the findings that are in trouble, or all of them. Servers that are not heard are reported
// too, and make nobody unready.
func (h *handler) ready(w http.ResponseWriter, r *http.Request) {
	status := h.status()
	findings := health.Judge(status)
	verbose := r.URL.Query().Has("verbose")
	var text strings.Builder
	for _, f := range findings {
		switch {
		case f.Trouble != "":
			fmt.Fprintf(&text, "[-] %v: %s\n", f, f.Trouble)
		case verbose:
			fmt.Fprintf(&text, "[+] %v: ok\n", f)
		}
	}
	for _, f := range status.Hearing.Findings() {
		fmt.Fprintf(&text, "[!] %v\n", f)
	}
	if len(findings) == 0 {
		text.WriteString("[-] no pipeline is running yet\n")
	}
	if !health.Ready(findings) {
		answer(w, http.StatusServiceUnavailable, text.String()+"not ready\n")
		return
	}
	answer(w, http.StatusOK, text.String()+"ok\n")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client may have gone
}
