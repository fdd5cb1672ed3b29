package replaytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline/verdict"
)

// diffVerdicts compares two files of verdicts packet by packet. A replay writes a
// line for each packet of its captures.
func diffVerdicts(want, got []byte) (lines []string, _ error) {
	wanted, came := splitLines(want), splitLines(got)
	for i := range max(len(wanted), len(came)) {
		switch {
		case i >= len(came):
			lines = append(lines, fmt.Sprintf("%s: expected %s, got no packet", placeOf(wanted[i], i), wanted[i]))
		case i >= len(wanted):
			lines = append(lines, fmt.Sprintf("%s: expected no packet, got %s", placeOf(came[i], i), came[i]))
		case !bytes.Equal(wanted[i], came[i]):
			w, g := diffObjects(wanted[i], came[i])
			lines = append(lines, fmt.Sprintf("%s: expected %s, got %s", placeOf(came[i], i), w, g))
		}
	}
	return lines, nil
}

// placeOf returns which packet a verdict is about: as it says, else by its line,
// counted from 0.
func placeOf(line []byte, i int) string {
	var v struct {
		Capture string
		Packet  uint64
	}
	if json.Unmarshal(line, &v) != nil || v.Packet == 0 {
		v.Capture, v.Packet = "", uint64(i+1)
	}
	return verdict.Place{Capture: v.Capture, Number: v.Packet}.String()
}

func splitLines(text []byte) [][]byte {
	text = bytes.TrimSuffix(text, []byte("\n"))
	if len(text) == 0 {
		return nil
	}
	return bytes.Split(text, []byte("\n"))
}

// diffObjects returns those fields of two JSON objects that differ, or else the
// whole texts.
func diffObjects(want, got []byte) (string, string) {
	wanted, err := parseFields(want)
	if err != nil {
		return string(want), string(got)
	}
	came, err := parseFields(got)
	if err != nil {
		return string(want), string(got)
	}
	w, g := without(wanted, came), without(came, wanted)
	if len(w)+len(g) == 0 {
		return string(want), string(got)
	}
	return joined(w), joined(g)
}

// field is a field of a JSON object, its value as it was written.
type field struct{ name, value string }

func parseFields(object []byte) (fields []field, _ error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("read verdict: no object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read verdict: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("read verdict: %w", err)
		}
		fields = append(fields, field{fmt.Sprint(name), strings.Trim(string(value), `"`)})
	}
	return fields, nil
}

func without(fields, others []field) []field {
	return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return slices.Contains(others, f) })
}

func joined(fields []field) string {
	if len(fields) == 0 {
		return "no such fields"
	}
	var texts []string
	for _, f := range fields {
		texts = append(texts, f.name+" "+f.value)
	}
	return strings.Join(texts, " ")
}
