package control

import "time"

// Status is the answer to GET /api/status.
type Status struct {
	Program   string     `json:"program"` // its name
	Version   string     `json:"version"`
	PID       int        `json:"pid"`
	Started   time.Time  `json:"started"`
	Now       time.Time  `json:"now"`
	Ready     bool       `json:"ready"` // no complaints
	Config    Config     `json:"config"`
	Pipelines []Pipeline `json:"pipelines"` // in the order of the configuration
	Health    []Health   `json:"health"`    // complaints; empty if all is well

	Canary *Canary `json:"canary,omitempty"` // which servers are heard; left out if no test messages are sent
}

// Complains reports whether anything is wrong: with a stage, with the last reload, or with what
// is heard of other servers.
func (s Status) Complains() bool {
	return !s.Ready || !s.Config.LastGood || s.Canary != nil && len(s.Canary.Findings) > 0
}

// Canary tells which servers this one hears, by the test messages that they send.
type Canary struct {
	Name      string          `json:"name"` // of this server
	Interval  float64         `json:"interval_seconds"`
	Peers     []CanaryPeer    `json:"peers"`       // that were ever heard, by name
	Missing   []CanaryListed  `json:"never_heard"` // of the lists of sinks
	Findings  []CanaryTrouble `json:"findings"`    // servers that are not heard as they should be
	Malformed uint64          `json:"malformed"`   // messages that could not be read
	Overflow  uint64          `json:"overflow"`    // messages of servers beyond the 1,024 that are remembered
}

// CanaryPeer is a server that was heard.
type CanaryPeer struct {
	Name      string      `json:"name"`
	Heard     bool        `json:"heard"` // in the last two of its intervals, by any way
	Last      time.Time   `json:"last"`
	Interval  float64     `json:"interval_seconds"`
	Addresses []string    `json:"addresses"`
	Ways      []CanaryWay `json:"ways"`
}

// CanaryWay is a way by which a server is heard.
type CanaryWay struct {
	Way      string    `json:"way"` // broadcast, peers, or the type of a source: relay, nats
	Heard    bool      `json:"heard"`
	Last     time.Time `json:"last"`
	Canaries uint64    `json:"canaries"`
}

// CanaryListed is a server on the list of a sink.
type CanaryListed struct {
	Listed   string `json:"listed"`
	Pipeline string `json:"pipeline"`
	Sink     string `json:"sink"`
}

// CanaryTrouble tells how a server is not heard.
type CanaryTrouble struct {
	Server  string `json:"server"` // its name, or the listed address of one that was never heard
	Trouble string `json:"trouble"`
}

// CanarySent tells what became of test messages that a sink was given to send.
type CanarySent struct {
	Sent   uint64 `json:"sent"`
	Failed uint64 `json:"failed"`
	Reason string `json:"reason,omitempty"` // of the last that failed
}

// Config describes the configuration that runs and attempts to load another one.
type Config struct {
	Hash     string    `json:"hash"`
	Loaded   time.Time `json:"loaded"`
	Reloads  uint64    `json:"reloads"`           // attempts
	Failures uint64    `json:"failures"`          // of these
	LastGood bool      `json:"last_reload_good"`  // true if there was none
	Error    string    `json:"error,omitempty"`   // of the last reload, if it failed
	Command  bool      `json:"from_command_line"` // there is nothing to reload
}

// Health is a complaint about a pipeline, or about one of its stages.
type Health struct {
	Pipeline string `json:"pipeline"`
	Kind     string `json:"kind,omitempty"` // source, filter or sink
	Sink     string `json:"sink,omitempty"` // whose filter it is
	Stage    string `json:"stage,omitempty"`
	Trouble  string `json:"trouble"`
}

// States of a pipeline.
const (
	Running = "running"
	Ended   = "ended"
	Failed  = "failed"
	Silent  = "silent" // it does not answer; there are no counters
)

// Pipeline is the state of one pipeline. Received is the sum of Forwarded and Dropped.
type Pipeline struct {
	Name      string    `json:"name"`
	State     string    `json:"state"`
	Error     string    `json:"error,omitempty"` // why it failed
	Since     time.Time `json:"since"`           // it was opened
	Received  Count     `json:"received"`
	Forwarded Count     `json:"forwarded"`
	Dropped   Count     `json:"dropped"`
	Lost      Count     `json:"lost"` // before a source could read them; not part of Received
	Sources   []Source  `json:"sources"`
	Filters   []Filter  `json:"filters"`
	Sinks     []Sink    `json:"sinks"`
	Figures   []Figure  `json:"figures"` // of the stages themselves
}

// Count is a number of packets with its rates: packets a second over the last 10 seconds
// and the last minute, or since the pipeline was opened if that is shorter.
type Count struct {
	Total  uint64  `json:"total"`
	Per10s float64 `json:"per_second_10s"`
	Per60s float64 `json:"per_second_60s"`
}

// Source is the state of one source.
type Source struct {
	Name     string `json:"name"`
	Received Count  `json:"received"`
	Lost     Count  `json:"lost"`
}

// Filter is a filter with each of its reasons, also those with no packets.
type Filter struct {
	Name    string   `json:"name"`
	Dropped []Reason `json:"dropped"`
}

// Reason counts packets with one reason.
type Reason struct {
	Reason string `json:"reason"`
	Count
}

// Sink is the state of one sink: offered packets were dropped by its own filters,
// delivered, failed, shed, or are queued.
type Sink struct {
	Name      string   `json:"name"`
	Offered   Count    `json:"offered"`
	Delivered Count    `json:"delivered"`
	Filters   []Filter `json:"filters"`
	Failed    []Reason `json:"failed"`
	Shed      []Reason `json:"shed"`
	Queued    uint64   `json:"queued"`
	QueueSize uint64   `json:"queue_size"`

	Canaries *CanarySent `json:"canaries,omitempty"` // beside the packets; left out if there were none
}

// Figure is a value that a stage measures itself. The names are those of the metrics
// without their prefix; a label distinguishes several values of a stage, such as peers.
type Figure struct {
	Kind  string  `json:"kind"`
	Sink  string  `json:"sink,omitempty"` // whose filter it is
	Stage string  `json:"stage"`
	Name  string  `json:"name"`
	Label string  `json:"label,omitempty"` // for example "peer"
	Of    string  `json:"of,omitempty"`    // value of the label
	Value float64 `json:"value"`
}
