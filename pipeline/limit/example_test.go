package limit_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// A bucket of two packets, which one packet a second fills. To look costs nothing; who lets
// a packet pass takes it from the bucket.
func Example() {
	rate, err := limit.NewRate(1, 2)
	if err != nil {
		log.Fatal(err)
	}
	bucket := limit.Full
	for _, second := range []int64{0, 0, 0, 1, 1} {
		now := pipeline.Instant(second * int64(time.Second))
		passes := rate.Has(bucket, now)
		if passes {
			bucket = rate.Charge(bucket, now)
		}
		fmt.Println(second, passes)
	}
	// Output:
	// 0 true
	// 0 true
	// 0 false
	// 1 true
	// 1 false
}
