package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/internal/config"
)

// The component for SSH adds its volume and takes nothing away, and the configuration
// that it shows is one that the bot takes, with the paths of that volume.
func TestSSHComponent(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS("../../deploy")); err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay")
	for _, folder := range []string{overlay, filepath.Join(dir, ".git")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	component, err := os.ReadFile("../../deploy/bot/ssh/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?m)^#   ?`).ReplaceAllString(string(component), "")
	_, kustomization, _ := strings.Cut(shown, "deploy:\n#\n")
	kustomization, rest, _ := strings.Cut(kustomization, "#\n")
	writeFile(t, filepath.Join(overlay, "kustomization.yaml"), kustomization)

	pod := built(t, overlay).Spec.Template.Spec
	before := built(t, filepath.Join(dir, "deploy", "bot")).Spec.Template.Spec
	mode := int32(0o440)
	wantVolumes := append([]corev1.Volume{{Name: "ssh", VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: "towline-bot-ssh", DefaultMode: &mode}, //nolint:gosec // the name of a Secret
	}}}, before.Volumes...)
	wantMounts := append([]corev1.VolumeMount{{Name: "ssh", MountPath: "/etc/towline/ssh", ReadOnly: true}}, before.Containers[0].VolumeMounts...)
	if diff := cmp.Diff(wantVolumes, pod.Volumes); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantMounts, pod.Containers[0].VolumeMounts); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}

	_, repositories, _ := strings.Cut(rest, "can't open:\n#\n")
	repositories, _, _ = strings.Cut(repositories, "#\n")
	got, err := config.ParseBot("bot.yaml", []byte("apiVersion: towline.dev/v1\nkind: BotConfig\n"+repositories))
	if err != nil {
		t.Fatalf("the configuration that it shows: %v\n%s", err, repositories)
	}
	want := &config.SSHAuth{PrivateKeyFile: "/etc/towline/ssh/identity", KnownHostsFile: "/etc/towline/ssh/known_hosts"}
	if diff := cmp.Diff(want, got.Repositories[0].Auth.SSH); diff != "" {
		t.Errorf("the configuration that it shows (-want +got):\n%s", diff)
	}
}

// built gives the bot's Deployment as `towline build` makes it of a folder.
func built(t *testing.T, dir string) appsv1.Deployment {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), process{args: []string{"build", dir}, stdin: strings.NewReader(""), stdout: &stdout, stderr: io.Writer(&stderr), getenv: os.Getenv})
	if code != exitFine {
		t.Fatalf("building %s exits with %d: %s", dir, code, stderr.String())
	}
	for _, document := range strings.Split(stdout.String(), "\n---\n") {
		if !strings.Contains(document, "kind: Deployment") {
			continue
		}
		var found appsv1.Deployment
		if err := yaml.UnmarshalStrict([]byte(document), &found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	t.Fatalf("%s has no Deployment:\n%s", dir, stdout.String())
	return appsv1.Deployment{}
}
