package shed_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/shed"
)

// resident reads one figure of /proc/self/status, in kB.
func resident(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// use takes so many MB of heap and gives them up.
func use(megabytes int) int {
	var all [][]byte
	for range megabytes {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = byte(i)
		}
		all = append(all, block)
	}
	return len(all)
}

func TestNowLetsGoOfHeapAndCode(t *testing.T) {
	if use(64) != 64 {
		t.Fatal("nothing was used")
	}
	heap, file := resident(t, "RssAnon"), resident(t, "RssFile")
	shed.Now()
	heapAfter, fileAfter := resident(t, "RssAnon"), resident(t, "RssFile")
	t.Logf("heap %d kB, then %d kB; file %d kB, then %d kB", heap, heapAfter, file, fileAfter)
	if heapAfter > heap-32<<10 {
		t.Errorf("%d kB of heap, then still %d kB", heap, heapAfter)
	}
	if fileAfter >= file {
		t.Errorf("%d kB of the program's file, then still %d kB", file, fileAfter)
	}
	if got := fmt.Sprint(strings.Repeat("works", 2)); got != "worksworks" { // code that was unmapped
		t.Errorf("the program says %q", got)
	}
}

func TestRunShedsOnceAfterABurst(t *testing.T) {
	use(128)
	before := resident(t, "RssAnon")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		shed.Run(ctx, time.Millisecond)
		close(ended)
	}()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for resident(t, "RssAnon") > before-64<<10 {
		select {
		case <-deadline.C:
			t.Fatalf("%d kB of heap are still %d kB", before, resident(t, "RssAnon"))
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	<-ended
}
