// A browser's end of a meeting by hand: an RTCPeerConnection that makes an offer, and takes the other side's offer as the answer to it.

import type { Clock } from '../base/clock.ts'
import type { Channel } from './channel-connection.ts'
import type { MeetingPoint } from './meeting-code.ts'
import type { CallOptions, MeetingEnd } from './meetings.ts'
import { readDescription, writeDescription } from './session-description.ts'

/** Our own addresses are found in a moment; one that hangs (a network card that is just coming up) is not waited for longer. */
const gatherMs = 3_000

export function browserMeetingEnd(configuration: RTCConfiguration, clock: Clock): MeetingEnd {
  const rtc = new RTCPeerConnection(configuration)
  const channel = rtc.createDataChannel('', { negotiated: true, id: 0 })
  return {
    async open(): Promise<Omit<MeetingPoint, 'node'>> {
      await rtc.setLocalDescription(await rtc.createOffer())
      await gathered(rtc, clock)
      return readDescription(rtc.localDescription?.sdp ?? '')
    },
    async call(point: MeetingPoint, { begins, broken }: CallOptions): Promise<Channel> {
      let wasOpen = false
      channel.addEventListener('open', () => {
        wasOpen = true
      })
      rtc.addEventListener('connectionstatechange', () => {
        // That no way is found is not the end while the other side has not taken our code: it may look for ours minutes later, and is answered.
        const hasFailed = rtc.connectionState === 'failed' && (wasOpen || rtc.iceConnectionState !== 'failed')
        if (hasFailed || rtc.connectionState === 'closed') broken()
      })
      await rtc.setRemoteDescription({ type: 'answer', sdp: writeDescription(point, !begins) })
      return channel
    },
    close: () => rtc.close(),
  }
}

function gathered(rtc: RTCPeerConnection, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(gatherMs, resolve)
    const look = (): void => {
      if (rtc.iceGatheringState !== 'complete') return
      cancel()
      resolve()
    }
    rtc.addEventListener('icegatheringstatechange', look)
    look()
  })
}
