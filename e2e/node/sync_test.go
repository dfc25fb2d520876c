package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// Timeouts of Syncs: the default one, and one that ends soon after events are looked at.
const (
	usual = 5 * time.Minute
	short = 20 * time.Second
)

// deployment gives a Deployment's manifest that the restricted standard for Pods allows.
func (s *stage) deployment(name, image string, replicas int, args ...string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[3]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: app
        image: %[2]s
        args: [%[4]s]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`, name, image, replicas, strings.Join(args, ", "))
}

// commit puts a Deployment into a folder of its own.
func (s *stage) commit(name, manifest string) string {
	return s.git.Commit("deploy", gitrepotest.Commit{Files: map[string]string{name + "/app.yaml": manifest}})
}

// sync makes a Sync of a folder.
func (s *stage) sync(t *testing.T, name string, timeout time.Duration) {
	t.Helper()
	s.must(t, fmt.Sprintf(`apiVersion: towline.dev/v1
kind: Sync
metadata: {name: %[1]s, namespace: %[2]s}
spec: {source: {url: %[3]q, path: %[1]s}, interval: 1s, timeout: %[4]s, prune: true, serviceAccountName: deployer}
`, name, namespace, s.url, timeout), "apply", "-f", "-")
}

// await waits for a condition of a Sync, at a revision.
func (s *stage) await(t *testing.T, name, commit, condition string) {
	t.Helper()
	s.must(t, "", "-n", namespace, "wait", "sync/"+name, "--for=jsonpath={.status.lastAppliedRevision}=main@sha1:"+commit, "--timeout="+patience.String())
	s.must(t, "", "-n", namespace, "wait", "sync/"+name, "--for=condition="+condition, "--timeout="+patience.String())
}

// condition gives reason and message of a Sync's condition.
func (s *stage) condition(t *testing.T, name, kind string) (reason, message string) {
	t.Helper()
	said := s.must(t, "", "-n", namespace, "get", "sync", name, "-o", `jsonpath={.status.conditions[?(@.type=="`+kind+`")].reason}|{.status.conditions[?(@.type=="`+kind+`")].message}`)
	reason, message, _ = strings.Cut(said, "|")
	return reason, message
}

// TestOnARealNode is one test, since the node is one: the parts share its cluster.
func TestOnARealNode(t *testing.T) {
	s := newStage(t)
	t.Run("a slow start is waited for", func(t *testing.T) { s.slowStart(t) })
	t.Run("a rolling update", func(t *testing.T) { s.rollingUpdate(t) })
	t.Run("an image that can't be pulled", func(t *testing.T) {
		s.fails(t, "unpulled", s.deployment("unpulled", s.images+":none", 1), usual, []string{"ErrImagePull", "ImagePullBackOff"}, s.images+":none")
	})
	t.Run("a crash loop", func(t *testing.T) {
		s.fails(t, "crashing", s.deployment("crashing", s.images+":1", 1, "-crash"), usual, []string{"CrashLoopBackOff"}, "exit code 3")
	})
	t.Run("a Secret that isn't there", func(t *testing.T) {
		manifest := strings.Replace(s.deployment("unset", s.images+":1", 1), "        args:", "        envFrom: [{secretRef: {name: nowhere}}]\n        args:", 1)
		s.fails(t, "unset", manifest, usual, []string{"CreateContainerConfigError"}, `secret "nowhere" not found`)
	})
	// These may come right by themselves, and are told of when the time is up. They stand in events alone.
	t.Run("a volume that isn't there", func(t *testing.T) {
		manifest := strings.Replace(s.deployment("unmounted", s.images+":1", 1), "      containers:", "      volumes: [{name: v, secret: {secretName: nowhere}}]\n      containers:", 1)
		manifest = strings.Replace(manifest, "        args:", "        volumeMounts: [{name: v, mountPath: /v}]\n        args:", 1)
		s.fails(t, "unmounted", manifest, short, []string{"HealthCheckFailed", "FailedMount"}, `secret "nowhere" not found`)
	})
	t.Run("a probe that fails", func(t *testing.T) {
		manifest := strings.Replace(s.deployment("unready", s.images+":1", 1), "port: 8080", "port: 8081", 1)
		s.fails(t, "unready", manifest, short, []string{"HealthCheckFailed", "Unhealthy"}, "Readiness probe failed")
	})
	t.Run("a killed reconciler goes on", func(t *testing.T) { s.killed(t) })
}

func (s *stage) slowStart(t *testing.T) {
	commit := s.commit("slow", s.deployment("slow", s.images+":1", 1, "-after=6s"))
	s.sync(t, "slow", usual)
	s.await(t, "slow", commit, "Ready")
	if ready := s.must(t, "", "-n", namespace, "get", "deployment", "slow", "-o", "jsonpath={.status.readyReplicas}"); ready != "1" {
		t.Errorf("the Sync was Ready with %q ready Pods", ready)
	}
}

func (s *stage) rollingUpdate(t *testing.T) {
	s.sync(t, "web", usual)
	for _, tag := range []string{"1", "2"} {
		commit := s.commit("web", s.deployment("web", s.images+":"+tag, 2))
		s.await(t, "web", commit, "Ready")
		images := s.must(t, "", "-n", namespace, "get", "pods", "-l", "app=web", "--field-selector=status.phase=Running", "-o", `jsonpath={.items[*].status.containerStatuses[?(@.ready==true)].image}`)
		if got := strings.Count(images, s.images+":"+tag); got < 2 {
			t.Errorf("the Sync was Ready with the images %q, want two of tag %s", images, tag)
		}
		s.must(t, "", "-n", namespace, "rollout", "status", "deployment/web", "--watch=false")
	}
}

// fails holds that a Sync is unhealthy for the kubelet's own reason, and recovers with the commit that mends it. With the
// usual timeout that is long before its end.
func (s *stage) fails(t *testing.T, name, manifest string, timeout time.Duration, reasons []string, part string) {
	commit := s.commit(name, manifest)
	s.sync(t, name, timeout)
	s.await(t, name, commit, "Healthy=false")
	reason, message := s.condition(t, name, "Healthy")
	if !strings.Contains(strings.Join(reasons, " "), reason) || !strings.Contains(message, part) {
		t.Errorf("Healthy is False for %s: %q; want one of %v, and %q", reason, message, reasons, part)
	}
	t.Logf("%s: %s", reason, message)
	s.await(t, name, s.commit(name, s.deployment(name, s.images+":1", 1)), "Ready")
}

// killed holds that a new Pod of the reconciler goes on where the old one was killed, and applies nothing that is there.
func (s *stage) killed(t *testing.T) {
	versions := func() string {
		return s.must(t, "", "-n", namespace, "get", "deployments", "-l", "app.kubernetes.io/name!=towline-reconciler", "-o",
			`jsonpath={range .items[*]}{.metadata.name}={.metadata.generation}/{.metadata.managedFields[?(@.operation=="Apply")].time} {end}`)
	}
	pods := func() string {
		return s.must(t, "", "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=towline-reconciler", "-o", "jsonpath={.items[*].metadata.name}")
	}
	before, killed := versions(), pods()
	s.must(t, "", "-n", namespace, "delete", "pod", killed, "--grace-period=0", "--force")
	s.must(t, "", "-n", namespace, "rollout", "status", "deployment/towline-reconciler", "--timeout=90s")
	// The old one's Lease runs out first: nobody handed it over.
	commit := s.commit("web", s.deployment("web", s.images+":1", 3))
	s.await(t, "web", commit, "Ready")
	if now := pods(); now == killed {
		t.Errorf("%s was deleted, and is there", killed)
	}
	after := versions()
	for _, name := range []string{"slow", "unpulled", "crashing", "unset", "unmounted", "unready"} {
		if was, is := versionOf(before, name), versionOf(after, name); was != is || was == "" {
			t.Errorf("%s was %q before the reconciler was killed, and is %q", name, was, is)
		}
	}
	if was, is := versionOf(before, "web"), versionOf(after, "web"); was == is {
		t.Errorf("web is what it was, %q, after a commit that changes it", is)
	}
}

func versionOf(all, name string) string {
	for _, one := range strings.Fields(all) {
		if version, ok := strings.CutPrefix(one, name+"="); ok {
			return version
		}
	}
	return ""
}
