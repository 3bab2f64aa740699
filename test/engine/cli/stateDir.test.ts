import { expect, test } from 'vitest'
import { stateDirOf } from '../../../engine/cli/stateDir.ts'

const anna = { uid: 1000, home: '/home/anna' }

test.each([
  ['HOLDFAST_STATE_DIR first', { HOLDFAST_STATE_DIR: '/x', XDG_STATE_HOME: '/s' }, anna, '/x'],
  ['HOLDFAST_STATE_DIR for root too', { HOLDFAST_STATE_DIR: '/x' }, { uid: 0, home: '/root' }, '/x'],
  ['/var/lib/holdfast for root', { XDG_STATE_HOME: '/s' }, { uid: 0, home: '/root' }, '/var/lib/holdfast'],
  ['XDG_STATE_HOME', { XDG_STATE_HOME: '/s' }, anna, '/s/holdfast'],
  ['the home folder', {}, anna, '/home/anna/.local/state/holdfast'],
  [
    'the home folder when XDG_STATE_HOME is relative',
    { XDG_STATE_HOME: 's' },
    anna,
    '/home/anna/.local/state/holdfast',
  ],
  ['the home folder when variables are empty', { HOLDFAST_STATE_DIR: '' }, anna, '/home/anna/.local/state/holdfast'],
])('state is in %s', (_where, env, person, expected) => {
  expect(stateDirOf(env, person)).toBe(expected)
})
