package metrics

import (
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/health"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
)

// families is the table of all metrics but those of plugins.
func families(build Build) []family {
	return []family{
		{
			Info{"pmtud_build_info", gauge, []string{"version", "goversion"}, "always 1; the labels are the versions of the program and of Go"},
			func(_ *snapshot, put put) { put(boolValue(true), build.Version, build.GoVersion) },
		},

		single(gauge, "pmtud_ready", "1 if every pipeline and stage is healthy, as /readyz reports; otherwise 0", func(s *snapshot) value {
			return boolValue(health.Ready(s.findings))
		}),
		{
			Info{"pmtud_config_info", gauge, []string{"hash"}, "always 1; the label is the hash of the running configuration"},
			func(s *snapshot, put put) { put(boolValue(true), s.status.Reload.Hash) },
		},
		single(gauge, "pmtud_config_last_reload_successful", "1 if the last reload succeeded, or there was none; otherwise 0", func(s *snapshot) value {
			return boolValue(s.status.Reload.Good)
		}),
		single(gauge, "pmtud_config_last_reload_success_timestamp_seconds", "time of the last successful reload, or of the start", func(s *snapshot) value {
			return timestamp(s.status.Reload.At)
		}),
		single(counter, "pmtud_config_reloads_total", "reloads of the configuration, failed ones included", func(s *snapshot) value {
			return number(s.status.Reload.Attempts)
		}),
		single(counter, "pmtud_config_reload_failures_total", "reloads that failed and changed nothing, because of the configuration or the host", func(s *snapshot) value {
			return number(s.status.Reload.Failures)
		}),

		perHeard("pmtud_heard_timestamp_seconds", "time of the last test message that was heard from the server", func(p canary.Peer) value {
			return timestamp(p.Last())
		}),
		perHeard("pmtud_canary_interval_seconds", "interval of the server's test messages, as the server itself reports it", func(p canary.Peer) value {
			return number(p.Interval.Seconds())
		}),
		{
			Info{"pmtud_heard_way_timestamp_seconds", gauge, []string{"peer", "way"}, "time of the last test message that was heard from the server by broadcast, peers, or the type of a source"},
			func(s *snapshot, put put) {
				for _, p := range s.heard() {
					for _, w := range p.Ways {
						put(timestamp(w.Last), p.Name, w.Name)
					}
				}
			},
		},
		{
			Info{"pmtud_never_heard", gauge, nil, "servers on the lists of sinks that have never been heard"},
			func(s *snapshot, put put) {
				if h := s.status.Hearing; h != nil {
					put(number(float64(len(h.Missing))))
				}
			},
		},
		{
			Info{"pmtud_canary_unknown_total", counter, []string{"reason"}, "test messages that count for no server: malformed ones, and overflow: those of servers beyond the 1,024 that are remembered"},
			func(s *snapshot, put put) {
				if h := s.status.Hearing; h != nil {
					put(number(h.Malformed), "malformed")
					put(number(h.Overflow), "overflow")
				}
			},
		},

		{
			Info{"pmtud_pipeline_running", gauge, []string{"pipeline"}, "1 while the pipeline runs, 0 when it has ended or failed"},
			func(s *snapshot, put put) {
				for _, p := range s.status.Pipelines {
					put(boolValue(!p.Ended), p.Name)
				}
			},
		},
		{
			Info{"pmtud_pipeline_start_time_seconds", gauge, []string{"pipeline"}, "time when the pipeline was opened; its counters start there"},
			func(s *snapshot, put put) {
				for _, p := range s.status.Pipelines {
					put(timestamp(p.Since), p.Name)
				}
			},
		},
		{
			Info{"pmtud_stage_healthy", gauge, []string{"pipeline", "kind", "sink", "stage"}, "1 if the stage can do its work, as far as it knows; 0 if not, and /readyz says why. The label sink is set for filters of a sink"},
			func(s *snapshot, put put) {
				for _, f := range s.findings {
					if f.Name != "" {
						put(boolValue(f.Trouble == ""), f.Pipeline, f.Kind.String(), f.Owner, f.Name)
					}
				}
			},
		},

		perSource("pmtud_received_packets_total", "packets that the source delivered, or left in the kernel because a limit was going to refuse them", func(c pipeline.SourceCount) uint64 {
			return c.Received
		}),
		perSource("pmtud_received_bytes_total", "bytes of the packets that the source delivered, by their length on the wire, without those left in the kernel", func(c pipeline.SourceCount) uint64 {
			return c.Bytes
		}),
		perSource("pmtud_lost_packets_total", "packets that the kernel lost before the source could read them, because a ring or socket was full", func(c pipeline.SourceCount) uint64 {
			return c.Lost
		}),

		perPipeline(counter, "pmtud_forwarded_packets_total", "packets that all filters of the pipeline passed", func(c pipeline.Counters) value {
			return number(c.Forwarded)
		}),
		perPipeline(counter, "pmtud_forwarded_bytes_total", "bytes of the packets that all filters of the pipeline passed, by their length on the wire", func(c pipeline.Counters) value {
			return number(c.ForwardedBytes)
		}),
		{
			Info{"pmtud_dropped_packets_total", counter, []string{"pipeline", "stage", "reason"}, "packets that a filter of the pipeline dropped"},
			func(s *snapshot, put put) {
				for _, c := range s.counters {
					drops(c.Dropped, put, c.Pipeline)
				}
			},
		},
		{
			Info{"pmtud_forwarded_mtu_bytes", histogram, []string{"pipeline", "family"}, "next-hop MTUs of the forwarded messages"},
			func(s *snapshot, put put) {
				for _, c := range s.counters {
					put(value{histogram: &c.MTUs4, per: 1}, c.Pipeline, "ipv4")
					put(value{histogram: &c.MTUs6, per: 1}, c.Pipeline, "ipv6")
				}
			},
		},

		perSink(counter, "pmtud_sink_offered_packets_total", "packets that reached the sink's filters: those that the pipeline forwarded, and dropped ones if the sink observes them", func(c pipeline.SinkCount) value {
			return number(c.Offered)
		}),
		{
			Info{"pmtud_sink_dropped_packets_total", counter, []string{"pipeline", "sink", "stage", "reason"}, "packets that a filter of the sink dropped"},
			func(s *snapshot, put put) {
				for _, c := range s.counters {
					for _, sink := range c.Sinks {
						drops(sink.Dropped, put, c.Pipeline, sink.Sink)
					}
				}
			},
		},
		perSink(counter, "pmtud_sink_delivered_packets_total", "packets that the sink delivered", func(c pipeline.SinkCount) value {
			return number(c.Delivered)
		}),
		perSinkReason("pmtud_sink_failed_packets_total", "packets that the sink did not deliver", func(c pipeline.SinkCount) []pipeline.ReasonCount {
			return c.Failed
		}),
		perSinkReason("pmtud_sink_shed_packets_total", "packets dropped from the sink's queue: it was full, they were too old, or the pipeline stopped", func(c pipeline.SinkCount) []pipeline.ReasonCount {
			return c.Shed
		}),
		{
			Info{"pmtud_sink_canaries_total", counter, []string{"pipeline", "sink", "result"}, "test messages that the sink was given to send, beside packets: sent or failed"},
			func(s *snapshot, put put) {
				for _, c := range s.counters {
					for _, sink := range c.Sinks {
						if n := sink.Canaries; n.Sent+n.Failed > 0 {
							put(number(n.Sent), c.Pipeline, sink.Sink, "sent")
							put(number(n.Failed), c.Pipeline, sink.Sink, "failed")
						}
					}
				}
			},
		},
		perSink(gauge, "pmtud_sink_queue_packets", "packets waiting for the sink", func(c pipeline.SinkCount) value {
			return number(c.Waiting)
		}),
		perSink(gauge, "pmtud_sink_queue_capacity_packets", "packets that the sink's queue can hold", func(c pipeline.SinkCount) value {
			return number(c.QueueSize)
		}),
		perSink(gauge, "pmtud_sink_delivering_packets", "packets that the sink is delivering", func(c pipeline.SinkCount) value {
			return number(c.Queued - c.Waiting)
		}),
		{
			Info{"pmtud_sink_delay_seconds", histogram, []string{"pipeline", "sink"}, "time from a packet's capture to its delivery by the sink; only for pipelines that read no capture files"},
			func(s *snapshot, put put) {
				for _, c := range s.counters {
					for _, sink := range c.Sinks {
						if len(sink.Delay.Bounds) > 0 {
							put(value{histogram: &sink.Delay, per: float64(time.Second)}, c.Pipeline, sink.Sink)
						}
					}
				}
			},
		},
	}
}

func timestamp(t time.Time) value { return number(float64(t.UnixMilli()) / 1000) }
