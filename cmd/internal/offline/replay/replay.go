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

	nobody  []bool            // which sinks get a packet that none gets
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
		absent: map[string]uint64{},
	}
	r.nobody = make([]bool, len(r.recorder.sinks))
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
	ahead := readAhead(ctx, paths, r.options.Stdin, r.shape, r.recordDamage)
	defer ahead.close()
	for {
		b := ahead.next()
		for _, w := range b.warnings {
			r.options.Warn(w)
		}
		if b.err != nil {
			return r.readError(b.err)
		}
		if err := r.batch(ctx, b); err != nil {
			return err
		}
		r.size += b.size
		r.progress(0)
	}
}

// progress shows how far it has come: by so many bytes into a batch.
func (r *replay) progress(size uint64) {
	if r.options.Progress != nil {
		r.options.Progress(r.packets, r.size+size)
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
func (r *replay) batch(ctx context.Context, b *batch) error {
	begin := 0 // of those that are not yet decided about
	for _, i := range b.absent {
		if err := r.decideInTime(ctx, b, begin, i); err != nil {
			return err
		}
		if err := r.notCaptured(b.place(i), &b.packets[i]); err != nil {
			return err
		}
		begin = i + 1
	}
	return r.decideInTime(ctx, b, begin, len(b.packets))
}

// decideInTime decides about the packets of a batch from begin to before end, each when
// its time has come.
func (r *replay) decideInTime(ctx context.Context, b *batch, begin, end int) error {
	if r.pace.untimed() {
		return r.decide(b, begin, end)
	}
	for i := begin; i < end; i++ {
		at := b.packets[i].Time
		if !r.pace.ahead(at) {
			continue
		}
		if err := r.decide(b, begin, i); err != nil {
			return err
		}
		r.progress(b.size * uint64(i) / uint64(len(b.packets))) // about
		if err := r.await(ctx, at); err != nil {
			return err
		}
		begin = i
	}
	return r.decide(b, begin, end)
}

// decide decides about the packets of a batch from begin to before end.
func (r *replay) decide(b *batch, begin, end int) error {
	reported := begin
	var failed error // to write something down
	decided, err := r.pipeline.Decide(b.packets[begin:end], func(i int, got []bool) error {
		i += begin
		failed = r.reportAll(b, reported, i)
		if failed == nil {
			failed = r.record(b.place(i), &b.packets[i], got)
		}
		reported = i + 1
		return failed
	})
	r.packets += uint64(decided)
	r.cut += b.cutAmong(begin, begin+decided)
	if failed != nil {
		return failed
	}
	return errors.Join(r.reportAll(b, reported, begin+decided), err)
}

// record writes down what sinks would do with a packet that they get.
func (r *replay) record(at verdict.Place, p *pipeline.Packet, got []bool) error {
	if err := r.recorder.record(at, p, got); err != nil {
		return fmt.Errorf("write what would be sent: %w", err)
	}
	return r.report(at, p, got)
}

// reportAll reports packets of a batch, from begin to before end, that no sink gets.
func (r *replay) reportAll(b *batch, begin, end int) error {
	if r.verdicts == nil && r.options.Observe == nil {
		return nil
	}
	for i := begin; i < end; i++ {
		if err := r.report(b.place(i), &b.packets[i], r.nobody); err != nil {
			return err
		}
	}
	return nil
}

// notCaptured writes down why the source would not have delivered a packet.
func (r *replay) notCaptured(at verdict.Place, p *pipeline.Packet) error {
	r.packets++
	r.absent[p.Verdict.Reason]++
	return r.report(at, p, r.nobody)
}

// report shows the verdict about a packet to the observer and writes it down.
func (r *replay) report(at verdict.Place, p *pipeline.Packet, got []bool) error {
	if r.options.Observe != nil {
		r.options.Observe(p)
	}
	if r.verdicts == nil {
		return nil
	}
	return r.verdicts.write(at, p, got)
}

// await writes what has been decided and waits for a packet's time.
func (r *replay) await(ctx context.Context, at pipeline.Instant) error {
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
