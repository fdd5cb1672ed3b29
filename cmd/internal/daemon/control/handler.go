package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Keys of a list that are asked for.
const (
	defaultKeys = 10
	mostKeys    = 100
)

// Handler returns what answers requests about a daemon.
func Handler(d Daemon) http.Handler {
	h := &handler{d}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, r *http.Request) { answer(w, h.State(r.Context())) })
	mux.HandleFunc("GET /api/top", h.lists)
	mux.HandleFunc("GET /api/messages", func(w http.ResponseWriter, _ *http.Request) { answer(w, h.Messages()) })
	mux.HandleFunc("GET /api/tap", h.tap)
	return mux
}

type handler struct{ Daemon }

func (h *handler) lists(w http.ResponseWriter, r *http.Request) {
	n := defaultKeys
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > mostKeys {
			http.Error(w, fmt.Sprintf("n: %q is not a number from 1 to %d", text, mostKeys), http.StatusBadRequest)
			return
		}
	}
	answer(w, h.Top(n))
}

func answer(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(append(text, '\n')) // who has gone need not know
}
