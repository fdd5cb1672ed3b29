package diagnose

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
)

// severity returns how bad m is, by the same names in JSON and in SARIF. No error lets a
// pipeline start.
func severity(m config.Mistake) string {
	if m.Warning {
		return "warning"
	}
	return "error"
}

type jsonReport struct {
	Files    []string      `json:"files"`
	Mistakes []jsonMistake `json:"mistakes"`

	Host []hostcheck.Finding `json:"host,omitempty"`
}

type jsonMistake struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Excerpt  string `json:"excerpt,omitempty"`
}

func writeJSON(w io.Writer, r Report) error {
	out := jsonReport{Files: append([]string{}, r.Files...), Mistakes: []jsonMistake{}, Host: r.Host}
	for _, m := range r.Mistakes {
		out.Mistakes = append(out.Mistakes, jsonMistake{
			File: m.File, Line: m.Line, Column: m.Column, Severity: severity(m),
			Message: m.Message, Hint: m.Hint, Excerpt: excerpt(m),
		})
	}
	return encode(w, out)
}

// excerpt returns what people see of the line, which may be very long.
func excerpt(m config.Mistake) string {
	text, _ := m.Window()
	return text
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
