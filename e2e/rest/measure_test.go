package rest_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// memory is what a process takes, in MB (10^6 bytes).
type memory struct {
	resident  float64 // VmRSS: all of it
	anonymous float64 // RssAnon: without the pages of the program's own file, which the system may drop
}

func (s *scene) memoryOf(pid int) memory {
	s.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		s.Skipf("memory is read from /proc: %v", err)
	}
	field := func(name string) float64 {
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, name+":"); ok {
				kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
				s.must(err)
				return float64(kilobytes) * 1024 / 1e6
			}
		}
		s.Fatalf("no %s in the status of process %d", name, pid)
		return 0
	}
	return memory{resident: field("VmRSS"), anonymous: field("RssAnon")}
}

// requests counts what the API server was asked, by its own metrics: "VERB resource/subresource" to how often, with the
// status where it wasn't done, as in "APPLY configmaps 409".
func (s *scene) requests() map[string]int {
	s.Helper()
	text, err := s.kube.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(s.ctx())
	s.must(err)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	s.must(err)
	counts := map[string]int{}
	for _, metric := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		name := labels["verb"] + " " + labels["resource"]
		if labels["subresource"] != "" {
			name += "/" + labels["subresource"]
		}
		if !strings.HasPrefix(labels["code"], "2") {
			name += " " + labels["code"]
		}
		counts[name] += int(metric.GetCounter().GetValue())
	}
	return counts
}

// kinds are the resources of [objects].
func kinds() []string { return []string{"configmaps", "services", "deployments"} }

// since returns what was asked after an earlier count, and how much of it concerned single objects of the kinds of [objects].
func since(before, after map[string]int) (lines []string, ofObjects int) {
	for _, name := range slices.Sorted(maps.Keys(after)) {
		n := after[name] - before[name]
		if n == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("%d %s", n, name))
		words := strings.Fields(name)
		if len(words) > 1 && slices.Contains(kinds(), words[1]) && words[0] != "WATCH" && words[0] != "LIST" {
			ofObjects += n
		}
	}
	return lines, ofObjects
}
