import { z } from 'zod'
import { mount } from '../../../renderer/src/app/mount.tsx'
import { externalDevices } from '../fake/devices.ts'
import { type ScenarioName, scenarioNames } from '../fake/scenarioNames.ts'
import { scenario } from '../fake/scenarios.ts'

/**
 * The app on a stage: ?scenario=protected#/home. With &live its clock goes; otherwise whoever drives the page moves it through
 * window.stage.
 */

z.config({ jitless: true })
const query = new URLSearchParams(location.search)
const name = scenarioNames.find(one => one === query.get('scenario')) ?? ('protected' satisfies ScenarioName)
const { bridge, clock } = scenario(name)
if (query.has('live')) setInterval(() => clock.advance(250), 250)

const stage = {
  bridge,
  world: bridge.world,
  clock,
  advance: (ms: number) => clock.advance(ms),
  /** Somebody connects the drive. */
  plugIn() {
    bridge.world.devices = [...bridge.world.devices, ...externalDevices]
    bridge.world.topics.drives.tell(bridge.world.inventory())
  },
}
declare global {
  interface Window {
    stage?: typeof stage
  }
}
window.stage = stage

void mount(document.getElementById('root')!, bridge, () => clock.now)
