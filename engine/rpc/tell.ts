/** A listener that throws is a fault of its own and must not take the connection with it. */
export function tell(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
