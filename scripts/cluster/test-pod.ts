/** Labels of a pod that asks the services something: network policies let the charts' own test pods through to them. */
export function testPodLabels(release: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/part-of': 'kempt',
    'app.kubernetes.io/component': 'test',
    'app.kubernetes.io/instance': release,
  };
}

/** What every such pod has in common: it runs once, under restricted PodSecurity. */
export const testPodSpec = {
  restartPolicy: 'Never',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
};
