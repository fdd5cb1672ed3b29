package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// health is a StageHealth with the text of its complaint.
type health struct {
	Kind        pipeline.Kind
	Sink, Stage string
	Complaint   string
}

func healthOf(p running) (all []health) {
	for _, h := range p.Health() {
		text := ""
		if h.Problem != nil {
			text = h.Problem.Error()
		}
		all = append(all, health{h.Kind, h.Owner, h.Name, text})
	}
	return all
}

func TestComplaintsOfStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		in := source{run: untilDone(nil)}
		p := start(ctx, t, pipeline.Spec{
			Sources: []pipeline.Stage{live("in", ailingSource{in, errors.New("interface is down")}), live("fit", in)},
			Filters: []pipeline.Stage{filterStage("a", filter{}), filterStage("b", ailingFilter{filter{}, errBroken})},
			Sinks: []pipeline.SinkStage{
				sinkStage("out", ailingSink{sink{}, errors.New("disk is full")}, filterStage("c", ailingFilter{})),
				sinkStage("second", ailingSink{}), sinkStage("third", panicking{}),
			},
		})
		synctest.Wait()
		want := []health{
			{pipeline.KindSource, "", "in", "interface is down"},
			{pipeline.KindSource, "", "fit", ""},
			{pipeline.KindFilter, "", "a", ""},
			{pipeline.KindFilter, "", "b", "it is broken"},
			{pipeline.KindSink, "", "out", "disk is full"},
			{pipeline.KindFilter, "out", "c", ""},
			{pipeline.KindSink, "", "second", ""},
			{pipeline.KindSink, "", "third", "panic: boom"},
		}
		if diff := cmp.Diff(want, healthOf(p)); diff != "" {
			t.Errorf("health (-want +got):\n%s", diff)
		}
		cancel()
		<-p.done
	})
}

type panicking struct{ sink }

func (panicking) Health() error { panic("boom") }

// TestSourceThatEnded ends sources of both kinds beside one that runs on.
func TestSourceThatEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := start(ctx, t, pipeline.Spec{Sources: []pipeline.Stage{
			live("live", source{}), lossless("file", source{}), live("running", source{run: untilDone(nil)}),
		}})
		synctest.Wait()
		want := []health{
			{pipeline.KindSource, "", "live", "it has ended"},
			{pipeline.KindSource, "", "file", ""},
			{pipeline.KindSource, "", "running", ""},
		}
		if diff := cmp.Diff(want, healthOf(p)); diff != "" {
			t.Errorf("health (-want +got):\n%s", diff)
		}
		cancel()
		<-p.done
		if got := healthOf(p)[2].Complaint; got != "" {
			t.Errorf("a source that was told to end: %s", got)
		}
	})
}

func TestFinite(t *testing.T) {
	for _, tc := range []struct {
		name    string
		sources []pipeline.Stage
		want    bool
	}{
		{"captures", []pipeline.Stage{lossless("a", source{}), lossless("b", source{})}, true},
		{"live", []pipeline.Stage{live("a", source{})}, false},
		{"both", []pipeline.Stage{lossless("a", source{}), live("b", source{})}, false},
	} {
		p, err := pipeline.New(pipeline.Spec{Sources: tc.sources})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Finite(); got != tc.want {
			t.Errorf("%s: finite %v", tc.name, got)
		}
	}
}

// TestSinkThatFails has a packet every second, whose outcome the row has.
func TestSinkThatFails(t *testing.T) {
	const unfit = 3
	row := func(parts ...[]pipeline.Reason) (all []pipeline.Reason) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	times := func(n int, r pipeline.Reason) []pipeline.Reason {
		all := make([]pipeline.Reason, n)
		for i := range all {
			all[i] = r
		}
		return all
	}
	for _, tc := range []struct {
		name     string
		outcomes []pipeline.Reason
		later    time.Duration // that nothing comes
		want     string
	}{
		{"all is well", times(20, pipeline.Pass), 0, ""},
		{"for a moment", times(10, 1), 0, ""},
		{"once, long ago", times(1, 1), 20 * time.Second, ""},
		{"all", times(11, 1), 0, "all deliveries have failed for 10s, the last as one"},
		{"the last otherwise", row(times(20, 1), times(1, 2)), 0, "all deliveries have failed for 20s, the last as two"},
		{"with unfit packets between", row(times(6, 1), times(6, unfit), times(6, 1)), 0, "all deliveries have failed for 17s, the last as one"},
		{"unfit packets only", times(20, unfit), 0, ""},
		{"with a good one between", row(times(8, 1), times(1, pipeline.Pass), times(8, 1)), 0, ""},
		{"and works again", row(times(20, 1), times(1, pipeline.Pass)), 0, ""},
		{"and then nothing", times(20, 1), 4 * time.Minute, "all deliveries have failed for 19s, the last as one"},
		{"and then nothing for long", times(20, 1), 5 * time.Minute, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				packets := messages(len(tc.outcomes))
				in := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
					for i := range packets {
						deliver(packets[i : i+1])
						time.Sleep(time.Second)
					}
					<-ctx.Done()
					return nil
				}}
				out := sink{deliver: func(batch []*pipeline.Packet, failed []pipeline.Reason) {
					mtu, _ := batch[0].MTU()
					failed[0] = tc.outcomes[mtu-1000]
				}}
				p := start(ctx, t, pipeline.Spec{
					Sources: []pipeline.Stage{live("in", in)},
					Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
						Type:    "out",
						Reasons: pipeline.Reasons{1: {Name: "one"}, 2: {Name: "two"}, 3: {Name: "unfit", PacketFault: true}},
						New:     func(struct{}, pipeline.Env) (pipeline.Sink, error) { return out, nil },
					})}}},
				})
				time.Sleep(time.Duration(len(packets))*time.Second + tc.later)
				if got := healthOf(p)[1].Complaint; got != tc.want {
					t.Errorf("complaint %q, want %q", got, tc.want)
				}
				cancel()
				<-p.done
			})
		})
	}
}

// TestSinkThatIsStuck does not return from a delivery for long.
func TestSinkThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stuck := make(gate)
		packets := messages(2)
		later := messages(3)[2:]
		in := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
			time.Sleep(time.Minute)
			for i := range packets {
				deliver(packets[i : i+1])
				time.Sleep(2 * time.Second)
			}
			time.Sleep(time.Hour)
			deliver(later)
			<-ctx.Done()
			return nil
		}}
		p := start(ctx, t, pipeline.Spec{
			Sources: []pipeline.Stage{live("in", in)}, Sinks: []pipeline.SinkStage{sinkStage("out", stuck.before(sink{}))},
		})
		at := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			if got := healthOf(p)[1].Complaint; got != want {
				t.Errorf("complaint %q, want %q", got, want)
			}
		}
		at(time.Minute+9*time.Second, "")
		at(time.Second, "it has been delivering the same packets for 10s")
		stuck <- struct{}{} // the first returns, the second is stuck
		at(9*time.Second, "")
		at(2*time.Second, "it has been delivering the same packets for 11s")
		stuck <- struct{}{}
		at(time.Minute, "")
		at(time.Hour-68*time.Second, "") // 9 s after the third packet
		stuck <- struct{}{}
		cancel()
		<-p.done
	})
}
