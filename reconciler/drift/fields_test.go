package drift_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/reconciler/drift"
)

// However many fields are lost at once, only the first are named.
func TestManyLostFieldsAreNamedInPart(t *testing.T) {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("k%02d", i))
	}
	all := "towline " + strings.Join(names, " ")
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, all))
		s.watched(5, live("web", 5, all))
		s.reader.Seen(live("web", 6, "other x"))
		told := s.told(time.Second)
		if len(told) != 1 || strings.Count(told[0], ".data.") != 20 {
			t.Errorf("told %v, want one event that names 20 fields", told)
		}
	})
}
