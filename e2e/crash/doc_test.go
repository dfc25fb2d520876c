// Package crash_test kills the reconciler, by SIGKILL, at every step of a sync and
// around every write, and holds that the next one brings the cluster to exactly what is
// wanted: no object too many, none too few, none that was made anew without need.
//
// The reconciler that dies is this test binary, started anew (see mortal_test.go).
package crash_test
