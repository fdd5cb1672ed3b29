package control

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/filters/expr"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// TapQuery are the parameters of GET /api/tap. An empty one selects everything.
//
// The answer is a line of JSON for each packet, with the fields of `pmtud replay
// --verdicts` behind "pipeline". With Data it also has "link" (the link type of capture
// files), "length" (bytes on the wire) and "data" (base64). When packets are missed there
// is a line {"missed":{...}} with [Missed].
type TapQuery struct {
	Pipeline string // its name
	Verdict  string // forward or drop
	Stage    string // that dropped the packet
	Reason   string
	Router   string // addresses and prefixes, separated by commas
	Client   string // destination of the quoted packet, likewise
	Target   string // likewise
	MTU      string // next-hop MTU, or a range such as 1280..1400
	Expr     string // of the filter expr
	Rate     int    // packets a second at most; 0 for 1000
	Data     bool   // with the packets' bytes
}

// Missed counts packets that a tap does not show, since it began.
type Missed struct {
	Lost    uint64 `json:"lost"`    // the reader was too slow
	Skipped uint64 `json:"skipped"` // beyond the rate
	Unread  uint64 `json:"unread"`  // left in the kernel while a limit was exhausted, whether selected or not
}

// Values returns the parameters as they are sent.
func (q TapQuery) Values() url.Values {
	v := url.Values{}
	for name, text := range q.texts() {
		if *text != "" {
			v.Set(name, *text)
		}
	}
	if q.Rate != 0 {
		v.Set("rate", strconv.Itoa(q.Rate))
	}
	if q.Data {
		v.Set("data", "1")
	}
	return v
}

func (q *TapQuery) texts() map[string]*string {
	return map[string]*string{
		"pipeline": &q.Pipeline, "verdict": &q.Verdict, "stage": &q.Stage, "reason": &q.Reason, "router": &q.Router,
		"client": &q.Client, "target": &q.Target, "mtu": &q.MTU, "expr": &q.Expr,
	}
}

// parseTap reads parameters.
func parseTap(v url.Values) (q TapQuery, err error) {
	texts := q.texts()
	for name, values := range v {
		text, last := texts[name], values[len(values)-1]
		switch {
		case text != nil:
			*text = last
		case name == "rate":
			if q.Rate, err = strconv.Atoi(last); err != nil || q.Rate < 0 {
				return q, fmt.Errorf("rate: %q is not a number of packets per second", last)
			}
		case name == "data":
			q.Data = last == "1"
		default:
			return q, fmt.Errorf("unknown parameter %q", name)
		}
	}
	return q, nil
}

// Check returns an error that says what is wrong with the parameters.
func (q TapQuery) Check() error {
	_, err := q.selection()
	return err
}

// selection returns what the parameters select.
func (q TapQuery) selection() (s live.Selection, err error) {
	s = live.Selection{Pipeline: q.Pipeline, Verdict: q.Verdict, Stage: q.Stage, Reason: q.Reason}
	if q.Verdict != "" && q.Verdict != "forward" && q.Verdict != "drop" {
		return s, fmt.Errorf("verdict: %q is neither forward nor drop", q.Verdict)
	}
	for _, list := range []struct {
		name, text string
		prefixes   *[]netip.Prefix
	}{{"router", q.Router, &s.Routers}, {"client", q.Client, &s.Clients}, {"target", q.Target, &s.Targets}} {
		if *list.prefixes, err = parsePrefixes(list.text); err != nil {
			return s, fmt.Errorf("%s: %w", list.name, err)
		}
	}
	if q.MTU != "" {
		if s.LeastMTU, s.MostMTU, err = parseRange(q.MTU); err != nil {
			return s, fmt.Errorf("mtu: %w", err)
		}
	}
	if q.Expr != "" {
		if s.Filter, err = expr.New(expr.Settings{When: q.Expr}, pipeline.Env{}); err != nil {
			if bad, ok := errors.AsType[*setting.Error](err); ok {
				err = bad.Err // its setting has another name
			}
			return s, fmt.Errorf("expr: %w", err)
		}
	}
	return s, nil
}

func parsePrefixes(text string) (prefixes []netip.Prefix, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			a, notAddr := netip.ParseAddr(part)
			if notAddr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is neither an address nor a prefix", part)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}

// parseRange reads a number or a range of numbers.
func parseRange(text string) (least, most uint32, err error) {
	first, last, isRange := strings.Cut(text, "..")
	if !isRange {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 32)
	b, errB := strconv.ParseUint(last, 10, 32)
	if errA != nil || errB != nil || b == 0 || a > b {
		return 0, 0, fmt.Errorf("%q is neither an MTU nor a range such as 1280..1400", text)
	}
	return uint32(a), uint32(b), nil
}

const (
	// tapEvery is how often a tap is read, if one packet at a time is not too many for its rate.
	tapEvery = 50 * time.Millisecond

	defaultRate = 1000 // packets a second

	// tapTimeout is how long a reader may not read until it is given up.
	tapTimeout = 2 * time.Minute
)

// tap writes packets until the client has gone.
func (h *handler) tap(w http.ResponseWriter, r *http.Request) {
	q, err := parseTap(r.URL.Query())
	var s live.Selection
	if err == nil {
		s, err = q.selection()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if q.Rate == 0 {
		q.Rate = defaultRate
	}
	n, every := pace(q.Rate)
	t, err := h.Live.Tap(s, n, q.Data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer t.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	stream{q: q, tap: t, every: every, w: w, out: http.NewResponseController(w), names: map[string][]byte{}}.run(r)
}

// pace returns how many packets are read at once, and how often, for a rate of packets per second.
func pace(rate int) (n int, every time.Duration) {
	n = max(1, rate*int(tapEvery/time.Millisecond)/1000)
	return n, time.Duration(n) * time.Second / time.Duration(rate)
}

// stream is the answer of a tap.
type stream struct {
	q     TapQuery
	tap   *live.Tap
	every time.Duration
	w     http.ResponseWriter
	out   *http.ResponseController

	names map[string][]byte // of pipelines, as fields of JSON
}

// nameField returns the field "pipeline" with a comma behind it.
func nameField(name string) []byte {
	text, _ := json.Marshal(name) // of a string this can't fail
	return fmt.Appendf(nil, `"pipeline":%s,`, text)
}

func (s stream) run(r *http.Request) {
	_ = s.out.SetReadDeadline(time.Time{}) // the client says no more; that it goes ends the context
	turn := time.NewTicker(s.every)
	defer turn.Stop()
	var lines []byte
	var told live.Missed
	read := time.Now()
	for s.write(lines) {
		select {
		case <-r.Context().Done():
			return
		case <-turn.C:
		}
		records, missed := s.tap.Read(time.Since(read) > 2*s.every)
		read = time.Now()
		lines = lines[:0]
		for i := range records {
			if _, ok := s.names[records[i].Pipeline]; !ok {
				s.names[records[i].Pipeline] = nameField(records[i].Pipeline)
			}
			lines = append(s.appendRecord(lines, &records[i]), '\n')
		}
		if missed != told {
			told = missed
			lines = fmt.Appendf(lines, `{"missed":{"lost":%d,"skipped":%d,"unread":%d}}`+"\n", missed.Lost, missed.Skipped, missed.Unread)
		}
	}
}

// write reports whether the client still reads.
func (s stream) write(lines []byte) bool {
	if err := s.out.SetWriteDeadline(time.Now().Add(tapTimeout)); err != nil {
		return false
	}
	if _, err := s.w.Write(lines); err != nil {
		return false
	}
	return s.out.Flush() == nil
}

func (s stream) appendRecord(dst []byte, r *live.Record) []byte {
	var sinks []string
	if r.Filtered && r.Packet.Verdict.Forward() {
		sinks = append([]string{}, r.Sinks...)
	}
	begin := len(dst)
	dst = verdict.AppendJSON(dst, verdict.Place{}, &r.Packet, sinks)
	dst = slices.Insert(dst, begin+1, s.names[r.Pipeline]...)
	if !s.q.Data {
		return dst
	}
	dst = fmt.Appendf(dst[:len(dst)-1], `,"link":%d,"length":%d,"data":"`, r.Packet.LinkType, r.Packet.Length)
	return append(base64.StdEncoding.AppendEncode(dst, r.Packet.Data), '"', '}')
}
