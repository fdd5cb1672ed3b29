package replay

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// batchSize is the number of packets read at once.
const batchSize = 256

// Options say what to replay and what to write.
type Options struct {
	Captures []string  // paths as capfile.Expand takes them, replayed together in the order of time
	Stdin    io.Reader // what the path "-" stands for

	Verdicts io.Writer // gets a line of JSON for each packet; may be nil

	// Observe is shown each packet with its verdict, in their order; may be nil. One that
	// was not captured has a reason and no stage. The packet is lent for the call.
	Observe func(*pipeline.Packet)

	// Warn is told what is odd about captures and outputs, once for each kind; may be
	// nil.
	Warn func(warning error)

	// Write gets a capture file of WriteFormat with what the sinks would have
	// sent; may be nil.
	Write       io.Writer
	WriteFormat capfile.Format

	Speed    Speed
	Progress func(packets, size uint64) // called now and then; may be nil
}

// Run replays captures through the pipeline that spec describes. What is readable
// of a damaged capture is decided; the error describes the rest. The summary is
// good whatever the error is, unless it is nil.
func Run(ctx context.Context, spec pipeline.Spec, o Options) (*Summary, error) {
	p, err := pipeline.NewOffline(spec)
	if err != nil {
		return nil, err
	}
	r := newReplay(p, spec, o)
	err = r.run(ctx, r.find(o.Captures))
	return r.summary(), errors.Join(err, r.close())
}

// replay is a replay under way.
type replay struct {
	pipeline *pipeline.Offline
	shape    *shape
	options  Options
	pace     *pace
	recorder *recorder
	verdicts *verdictWriter

	places  []verdict.Place   // of the packets of the batch at hand
	packets uint64            // of the captures
	absent  map[string]uint64 // packets that the source would not have delivered, by reason
	cut     uint64            // packets that lack bytes which the source would have delivered
	size    uint64
	damaged []error
}

func newReplay(p *pipeline.Offline, spec pipeline.Spec, o Options) *replay {
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	r := &replay{
		pipeline: p, shape: newShape(p), options: o, pace: newPace(o.Speed), recorder: newRecorder(p, spec, o),
		places: make([]verdict.Place, batchSize), absent: map[string]uint64{},
	}
	if o.Verdicts != nil {
		r.verdicts = newVerdictWriter(p, o.Verdicts)
	}
	return r
}

// find returns the files that patterns name, and notes those that name none.
func (r *replay) find(patterns []string) (paths []string) {
	for _, pattern := range patterns {
		found, err := capfile.Expand(pattern)
		if err != nil {
			r.recordDamage(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

func (r *replay) run(ctx context.Context, paths []string) error {
	captures := openCaptures(ctx, paths, r.options.Stdin, r.options.Warn, r.recordDamage)
	defer captures.close()
	batch := make([]pipeline.Packet, batchSize)
	for {
		n, err := captures.reader.ReadBatch(batch)
		if err != nil {
			return r.readError(err)
		}
		for i := range batch[:n] {
			r.places[i] = captures.place(i)
		}
		if err := r.batch(ctx, batch[:n]); err != nil {
			return err
		}
		r.progress()
	}
}

func (r *replay) progress() {
	if r.options.Progress != nil {
		r.options.Progress(r.packets, r.size)
	}
}

// tolerant ends at an error as if the capture ended there, so that the other
// captures are replayed all the same. Not so when ctx is done: what is written up
// to then is the beginning of what would have been written.
type tolerant struct {
	ctx    context.Context //nolint:containedctx // of the replay
	reader capfile.BatchReader
	note   func(error)
}

func (t *tolerant) ReadBatch(dst []pipeline.Packet) (int, error) {
	n, err := t.reader.ReadBatch(dst)
	if err != nil && !errors.Is(err, io.EOF) && t.ctx.Err() == nil {
		t.note(err)
		return 0, io.EOF
	}
	return n, err
}

func (r *replay) recordDamage(err error) { r.damaged = append(r.damaged, err) }

func (r *replay) readError(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.Join(r.damaged...)
	}
	return err
}

// batch decides about packets and writes down what became of them.
func (r *replay) batch(ctx context.Context, batch []pipeline.Packet) error {
	begin := 0 // of those that are not yet decided about
	for i := range batch {
		p := &batch[i]
		r.size += uint64(len(p.Data))
		cut, absent := r.shape.apply(p)
		r.places[i].Cut = cut && absent == ""
		if absent == "" && !r.pace.ahead(p.Time) {
			continue
		}
		err := r.decide(batch, begin, i)
		begin = i
		switch {
		case err != nil:
		case absent == "":
			err = r.await(ctx, p.Time)
		default:
			begin++
			err = r.notCaptured(r.places[i], p, absent)
		}
		if err != nil {
			return err
		}
	}
	return r.decide(batch, begin, len(batch))
}

// decide decides about the packets of a batch from begin to before end.
func (r *replay) decide(batch []pipeline.Packet, begin, end int) error {
	batch, places := batch[begin:end], r.places[begin:end]
	return r.pipeline.Decide(batch, func(i int, got []bool) error {
		at, p := places[i], &batch[i]
		r.packets++
		if at.Cut {
			r.cut++
		}
		r.observe(p)
		if err := r.recorder.record(at, p, got); err != nil {
			return fmt.Errorf("write what would be sent: %w", err)
		}
		return r.writeVerdict(at, p, got)
	})
}

// notCaptured writes down why the source would not have delivered a packet.
func (r *replay) notCaptured(at verdict.Place, p *pipeline.Packet, why string) error {
	r.packets++
	r.absent[why]++
	p.Decode()
	p.Verdict = pipeline.Verdict{Reason: why}
	r.observe(p)
	return r.writeVerdict(at, p, nil)
}

func (r *replay) observe(p *pipeline.Packet) {
	if r.options.Observe != nil {
		r.options.Observe(p)
	}
}

func (r *replay) writeVerdict(at verdict.Place, p *pipeline.Packet, got []bool) error {
	if r.verdicts == nil {
		return nil
	}
	return r.verdicts.write(at, p, got)
}

// await shows what has been decided and waits for a packet's time.
func (r *replay) await(ctx context.Context, at pipeline.Instant) error {
	r.progress()
	if r.verdicts != nil {
		if err := r.verdicts.flush(); err != nil {
			return err
		}
	}
	return r.pace.await(ctx, at)
}

func (r *replay) close() error {
	err := r.recorder.close()
	if err != nil {
		err = fmt.Errorf("write what would be sent: %w", err)
	}
	if r.verdicts != nil {
		err = errors.Join(err, r.verdicts.flush())
	}
	return err
}

// verdictWriter writes a line of JSON for each packet.
type verdictWriter struct {
	w     io.Writer
	lines []byte
	names []string // of the sinks, if the configuration lets them differ; else nil
	got   []string
}

// verdictSize is the number of bytes from which on lines are written.
const verdictSize = 64 << 10

func newVerdictWriter(p *pipeline.Offline, w io.Writer) *verdictWriter {
	var names []string
	differ := false
	for id := range p.Stages() {
		if id.Kind == pipeline.KindSink {
			names = append(names, id.Name)
		}
		differ = differ || id.Sink >= 0
	}
	if !differ {
		names = nil
	}
	return &verdictWriter{w: w, names: names, got: make([]string, 0, len(names))}
}

func (v *verdictWriter) write(at verdict.Place, p *pipeline.Packet, got []bool) error {
	v.lines = append(verdict.AppendJSON(v.lines, at, p, v.sinks(p, got)), '\n')
	if len(v.lines) < verdictSize {
		return nil
	}
	return v.flush()
}

// sinks returns the names of the sinks that got a forwarded packet, nil where no
// sink has filters.
func (v *verdictWriter) sinks(p *pipeline.Packet, got []bool) []string {
	if v.names == nil || !p.Verdict.Forward() {
		return nil
	}
	v.got = v.got[:0]
	for i, name := range v.names {
		if got[i] {
			v.got = append(v.got, name)
		}
	}
	return v.got
}

func (v *verdictWriter) flush() error {
	if len(v.lines) == 0 {
		return nil
	}
	_, err := v.w.Write(v.lines)
	v.lines = v.lines[:0]
	if err != nil {
		return fmt.Errorf("write verdicts: %w", err)
	}
	return nil
}
